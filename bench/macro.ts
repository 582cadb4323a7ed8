/**
 * What does a user of one node get? Import, search through the API and through REST, and how long the
 * main thread is held up meanwhile. Run it by `npm run bench`; without arguments on the demo data:
 *
 *   npm run bench -- --train F.u8bin --queries Q.u8bin --truth T.ibin --metric l2 [--engine hnswlib] [--json FILE]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { connect, open, serve } from "dvesp";
import type { VectorStore } from "dvesp";
import { readMatrix, readTruth, rowOf } from "./data-set.js";
import type { DataSet } from "./data-set.js";
import { machine, percentile, printTable } from "./figures.js";
import type { Figure } from "./figures.js";
import { LoadProcess } from "./load-process.js";

const collection = "bench";
const topK = 10;
const importBatch = 1000;
const exactQueriesMax = 1000;
const secondsPerStage = 10;

const { values: options } = parseArgs({
  options: {
    train: { type: "string", default: "demo/data/arxiv-5k.fbin" },
    queries: { type: "string", default: "demo/data/arxiv-titles.fbin" },
    truth: { type: "string" },
    metric: { type: "string", default: "cosine" },
    engine: { type: "string", default: "shared" },
    json: { type: "string" },
  },
});

const figures: Figure[] = [];
const report = (what: string, value: number, unit: string): void => {
  figures.push({ what, value, unit });
  printTable([{ what, value, unit }]);
};

function readDataSet(): Omit<DataSet, "truth"> {
  const metric = options.metric as DataSet["metric"];
  return {
    name: options.train,
    metric,
    train: readMatrix(options.train),
    queries: readMatrix(options.queries),
  };
}

/** Runs `task` while watching the main thread's event loop; reports its delay. */
async function watched<Result>(what: string, task: () => Promise<Result>): Promise<Result> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  try {
    return await task();
  } finally {
    delay.disable();
    report(`${what}: main-thread delay p99`, Math.max(0, delay.percentile(99) / 1e6 - 1), "ms");
    report(`${what}: main-thread delay max`, Math.max(0, delay.max / 1e6 - 1), "ms");
  }
}

async function importAll(store: VectorStore, data: Omit<DataSet, "truth">): Promise<string[]> {
  const { train, metric } = data;
  const { dimension } = train;
  await store.create_collection({
    collection,
    dimension,
    distance_metric: metric,
    index: { type: "hnsw", engine: options.engine as "hnswlib" | "shared" },
  });
  const ids: string[] = [];
  const times: number[] = [];
  const began = performance.now();
  for (let row = 0; row < train.rows; row += importBatch) {
    const slice = train.data.slice(row * dimension, (row + importBatch) * dimension);
    const start = performance.now();
    const answer = await store.insert({ collection, vectors: { dimension, data: slice } });
    times.push(performance.now() - start);
    ids.push(...answer.vector_ids);
  }
  report(
    "import: rows per second, durable",
    train.rows / ((performance.now() - began) / 1000),
    "/s",
  );
  report(`import: batch of ${importBatch} p50`, percentile(times, 0.5), "ms");
  report(`import: batch of ${importBatch} p99`, percentile(times, 0.99), "ms");
  const indexing = performance.now();
  for (;;) {
    const { rows, indexed_rows } = await store.describe_collection({ collection });
    if (rows === indexed_rows) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  report("index: complete after another", (performance.now() - indexing) / 1000, "s");
  return ids;
}

async function truthOf(store: VectorStore, data: Omit<DataSet, "truth">, ids: readonly string[]) {
  if (options.truth !== undefined) return readTruth(options.truth, topK);
  const rowOfId = new Map(ids.map((id, row) => [id, row]));
  const truth: number[][] = [];
  for (let row = 0; row < Math.min(data.queries.rows, exactQueriesMax); row++) {
    const query_vector = rowOf(data.queries, row);
    const { results } = await store.search({ collection, query_vector, top_k: topK, exact: true });
    truth.push(results.map(({ id }) => rowOfId.get(id) as number));
  }
  return truth;
}

async function searchEmbedded(
  store: VectorStore,
  data: DataSet,
  ids: readonly string[],
  atOnce: number,
): Promise<void> {
  const times: number[] = [];
  let found = 0;
  let wanted = 0;
  let next = 0;
  const began = performance.now();
  const end = began + secondsPerStage * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const row = next++ % data.truth.length;
      const query_vector = rowOf(data.queries, row);
      const start = performance.now();
      const { results } = await store.search({
        collection,
        query_vector,
        top_k: topK,
        include_vectors: false,
      });
      times.push(performance.now() - start);
      const truth = new Set((data.truth[row] as number[]).map((one) => ids[one]));
      found += results.filter(({ id }) => truth.has(id)).length;
      wanted += truth.size;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  const what = `API, ${atOnce} at once`;
  report(`${what}: queries per second`, times.length / ((performance.now() - began) / 1000), "/s");
  report(`${what}: p50`, percentile(times, 0.5), "ms");
  report(`${what}: p99`, percentile(times, 0.99), "ms");
  report(`${what}: recall@10`, found / wanted, "");
}

async function searchRest(path: string, data: DataSet, atOnce: number): Promise<void> {
  const node = await serve({ path, port: 0, log_level: "error" });
  const load = await LoadProcess.start();
  try {
    const queries = Array.from({ length: data.truth.length }, (_, row) => rowOf(data.queries, row));
    for (const include_vectors of [true, false]) {
      const what = `REST, ${atOnce} at once, ${include_vectors ? "with" : "without"} vectors`;
      const { times, seconds, cpuSeconds } = await watched(what, () =>
        load.search({
          address: node.address,
          collection,
          queries,
          topK,
          atOnce,
          include_vectors,
          recall: undefined,
          seconds: secondsPerStage,
        }),
      );
      report(`${what}: queries per second`, times.length / seconds, "/s");
      report(`${what}: p50`, percentile(times, 0.5), "ms");
      report(`${what}: p99`, percentile(times, 0.99), "ms");
      report(`${what}: load generator's CPU`, (cpuSeconds / times.length) * 1e6, "µs a query");
    }
    await insertRest(node.address, data);
  } finally {
    load.stop();
    await node.close();
  }
}

/** Inserts of the size that the service levels name: 10,000 rows in one call. */
async function insertRest(address: string, { train }: DataSet): Promise<void> {
  const store = connect({ nodes: [address] });
  const { dimension } = train;
  const rows = Math.min(10_000, train.rows);
  const times: number[] = [];
  try {
    await watched(`REST, insert of ${rows}`, async () => {
      for (let run = 0; run < 20; run++) {
        const data = train.data.slice(0, rows * dimension);
        const start = performance.now();
        await store.insert({ collection: "bench-insert", vectors: { dimension, data } });
        times.push(performance.now() - start);
      }
    });
    report(`REST, insert of ${rows} x ${dimension}: p50`, percentile(times, 0.5), "ms");
    report(`REST, insert of ${rows} x ${dimension}: max of 20`, Math.max(...times), "ms");
  } finally {
    await store.close();
  }
}

async function main(): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "dvesp-bench-"));
  try {
    const data = readDataSet();
    const store = await open({ path });
    const ids = await watched("import", () => importAll(store, data));
    const whole = { ...data, truth: await truthOf(store, data, ids) };
    for (const atOnce of [1, 16]) {
      await watched(`API, ${atOnce} at once`, () => searchEmbedded(store, whole, ids, atOnce));
    }
    await store.close();
    await searchRest(path, whole, 16);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
  const { train, metric, engine } = options;
  const result = { machine: machine(), data: train, metric, engine, figures };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(result, null, 2));
}

await main();
