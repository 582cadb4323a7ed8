/**
 * What does one node do with a large collection? `dvesp serve` in a process of its own takes a set over REST,
 * builds its index, answers searches at two recalls, with filters and without an index, takes changes,
 * and is started again. Rate, times, recall, memory, disk and start time are told.
 *
 *   npm run bench:large -- --train F.fbin --queries Q.fbin --truth T.ibin --metric l2
 *     [--data DIR] [--seconds S] [--port P] [--json FILE]
 *
 * `--data`: is kept, and a second run searches it without importing.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "dvesp";
import type { VectorStore } from "dvesp";
import { until } from "./cluster-process.js";
import { MatrixFile, readMatrix, readTruth, rowOf } from "./data-set.js";
import { Figures, percentile } from "./figures.js";
import type { Figure } from "./figures.js";
import { LoadProcess } from "./load-process.js";
import { NodeProcess } from "./node-process.js";
import { metricOf, required } from "./options.js";
import { RecallCount, indexed, recallName, recalls } from "./search-stage.js";

const collection = "large";
const topK = 10;
const atOnce = 16;
const importBatch = 5000;
const changedRows = 1000;
const changes = 20;
const filterShares = [0.5, 0.1, 0.01, 0.001];
const filterQueries = 100;
/** `group` of a row is its number modulo this. */
const groups = 1000;
const startMsMax = 600_000;
const timeout_ms = 60_000;

const { values: options } = parseArgs({
  options: {
    train: { type: "string" },
    queries: { type: "string" },
    truth: { type: "string" },
    metric: { type: "string", default: "l2" },
    data: { type: "string" },
    seconds: { type: "string", default: "20" },
    port: { type: "string", default: "7400" },
    json: { type: "string" },
  },
});
const train = new MatrixFile(required(options, "train"));
const queryMatrix = readMatrix(required(options, "queries"));
const truth = readTruth(required(options, "truth"), topK);
const queries = truth.map((_, row) => rowOf(queryMatrix, row));
const seconds = Number(options.seconds);

const figures = new Figures();
const { report } = figures;

function reportTimes(what: string, times: readonly number[]): void {
  report(`${what}: p50`, percentile(times, 0.5), "ms");
  report(`${what}: p99`, percentile(times, 0.99), "ms");
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}

const ids = Array.from({ length: train.rows }, (_, row) => idOf(`row ${row}`));

/** The same in every run, and in no order. */
function idOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  const variant = `8${hex.slice(17, 20)}`;
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant,
    hex.slice(20, 32),
  ].join("-");
}
const metadataOf = (row: number) => ({ row, group: row % groups, title: `Row number ${row}` });

async function importAll(store: VectorStore): Promise<void> {
  const { dimension, rows } = train;
  const distance_metric = metricOf(options.metric);
  await store.create_collection({ collection, dimension, distance_metric });
  const began = performance.now();
  const times: number[] = [];
  for (let from = 0; from < rows; from += importBatch) {
    const to = Math.min(from + importBatch, rows);
    const vectors = { dimension, data: train.slice(from, to) };
    const metadata = Array.from({ length: to - from }, (_, at) => metadataOf(from + at));
    const batch = { collection, vectors, ids: ids.slice(from, to), metadata };
    times.push(await timed(() => store.insert(batch)));
  }
  report("import: rows per second", (rows * 1000) / (performance.now() - began), "/s");
  reportTimes(`import: insert of ${importBatch}`, times);
  await indexed(store, collection);
  report("index: complete, from the start of the import", (performance.now() - began) / 1000, "s");
}

/** Sixteen at once from a process of its own, vectors and metadata in the answer. */
async function searchAtOnce(node: NodeProcess): Promise<void> {
  const load = await LoadProcess.start();
  const common = { addresses: [node.address], collection, queries, topK, atOnce };
  try {
    const search = { ...common, include_vectors: true, recall: undefined };
    await load.search({ ...search, seconds: seconds / 2 });
    for (const recall of recalls) {
      const cpu = node.cpuSeconds();
      const result = await load.search({ ...search, recall, seconds });
      const what = `search, ${atOnce} at once, ${recallName(recall)}`;
      report(`${what}: queries per second`, result.times.length / result.seconds, "/s");
      reportTimes(what, result.times);
      const found = new RecallCount({ truth, ids });
      for (const answer of result.checked) found.count(answer.query, answer.ids);
      report(`${what}: recall@10 of ${result.checked.length} answers`, found.value, "");
      const cpuUs = ((node.cpuSeconds() - cpu) * 1e6) / result.times.length;
      report(`${what}: CPU of the node`, cpuUs, "µs a query");
    }
  } finally {
    load.stop();
  }
}

/** One at a time, compared with an exact scan of the same rows. */
async function searchFiltered(store: VectorStore): Promise<void> {
  for (const share of filterShares) {
    const filter = { group: { $lt: share * groups } };
    const times: number[] = [];
    let right = 0;
    for (const query_vector of queries.slice(0, filterQueries)) {
      const asked = { collection, query_vector, top_k: topK, filter };
      const nearest = await store.search({ ...asked, exact: true });
      const wanted = new Set(nearest.results.map(({ id }) => id));
      const began = performance.now();
      const { results } = await store.search(asked);
      times.push(performance.now() - began);
      right += results.filter(({ id }) => wanted.has(id)).length;
    }
    const what = `filter of ${share * 100} %, one at a time`;
    reportTimes(what, times);
    report(`${what}: recall@10`, right / times.length / topK, "");
  }
}

async function change(store: VectorStore): Promise<void> {
  const exact: number[] = [];
  for (const query_vector of queries.slice(0, changes)) {
    const asked = { collection, query_vector, top_k: topK, exact: true };
    exact.push(await timed(() => store.search(asked)));
  }
  reportTimes("exact search, one at a time", exact);
  const { dimension } = train;
  const times = { insert: [] as number[], update: [] as number[], delete: [] as number[] };
  for (let run = 0; run < changes; run++) {
    const ids = Array.from({ length: changedRows }, (_, at) => idOf(`changed ${run} ${at}`));
    const from = (run * changedRows) % train.rows;
    const vectors = { dimension, data: train.slice(from, from + changedRows) };
    times.insert.push(await timed(() => store.insert({ collection, ids, vectors })));
    times.update.push(await timed(() => store.update({ collection, ids, vectors })));
    times.delete.push(await timed(() => store.delete({ collection, ids })));
  }
  for (const [what, one] of Object.entries(times))
    reportTimes(`${what} of ${changedRows} rows`, one);
}

async function describe(store: VectorStore, node: NodeProcess): Promise<void> {
  const { bytes, bytes_per_row } = await store.describe_collection({ collection });
  for (const [what, value] of Object.entries(bytes)) {
    const perRow = bytes_per_row[what as keyof typeof bytes_per_row];
    report(`${what} (${perRow.toFixed(0)} a row)`, value / 2 ** 20, "MiB");
  }
  const { ownBytes, fileBytes } = node.memory();
  report("memory of the process, its own", ownBytes / 2 ** 30, "GiB");
  report("memory of the process, pages of files", fileBytes / 2 ** 30, "GiB");
}

/** Ends the node and starts it again; until it is ready, it answers, and its index is complete. */
async function restart(node: NodeProcess, data: string, port: number): Promise<NodeProcess> {
  report("stop", (await node.stop()) / 1000, "s");
  const began = performance.now();
  const next = await NodeProcess.start(data, port, startMsMax);
  const since = (): number => (performance.now() - began) / 1000;
  report("start: ready", since(), "s");
  const store = connect({ nodes: [next.address], timeout_ms });
  const asked = { collection, query_vector: queries[0]!, top_k: topK };
  await until("it answers", startMsMax, async () => {
    const { results } = await store.search(asked);
    return results.length === topK;
  });
  report("start: first answer", since(), "s");
  await indexed(store, collection);
  report("start: index complete", since(), "s");
  await store.close();
  return next;
}

async function main(directory: string): Promise<void> {
  const port = Number(options.port);
  const imported = join(directory, "imported.json");
  const data = join(directory, "data");
  let node = await NodeProcess.start(data, port, startMsMax);
  try {
    const store = connect({ nodes: [node.address], timeout_ms });
    if (!existsSync(imported)) {
      await importAll(store);
      writeFileSync(imported, JSON.stringify(figures.all));
    } else {
      figures.all.push(...(JSON.parse(readFileSync(imported, "utf8")) as Figure[]));
      await indexed(store, collection);
    }
    await searchAtOnce(node);
    await describe(store, node);
    await searchFiltered(store);
    await change(store);
    await store.close();
    node = await restart(node, data, port);
  } finally {
    await node.stop();
  }
}

const directory = options.data ?? mkdtempSync(join(tmpdir(), "dvesp-large-"));
mkdirSync(directory, { recursive: true });
try {
  await main(directory);
} finally {
  if (options.data === undefined) rmSync(directory, { recursive: true, force: true });
}
const { rows, dimension } = train;
figures.end({ rows, dimension, metric: options.metric }, options.json);
