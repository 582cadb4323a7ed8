/**
 * What does a user of one node get? Import, search through the API and through REST, and how long the
 * main thread is held up meanwhile. Run it by `npm run bench`; without arguments on the demo data:
 *
 *   npm run bench -- --train F.u8bin --queries Q.u8bin --truth T.ibin --metric l2
 *     [--metadata F.jsonl] [--engine hnswlib] [--compare] [--path DIR] [--json FILE]
 *
 * `--metadata`: one JSON object a line, for the rows of `--train`. `--compare`: beside hnswlib-node.
 * `--path`: keeps what was imported and built there; a second run searches it without importing.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { connect, open, serve } from "dvesp";
import type { Metadata, VectorStore } from "dvesp";
import { readMatrix, readTruth, rowOf } from "./data-set.js";
import type { DataSet } from "./data-set.js";
import { Figures, percentile } from "./figures.js";
import { buildHnswlib } from "./hnswlib-loop.js";
import { searchEmbedded } from "./search-embedded.js";
import { searchRest } from "./search-rest.js";
import { indexed } from "./search-stage.js";
import type { WithIds } from "./search-stage.js";

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
    metadata: { type: "string" },
    engine: { type: "string", default: "shared" },
    compare: { type: "boolean", default: false },
    path: { type: "string" },
    json: { type: "string" },
  },
});

const figures = new Figures();
const { report } = figures;

function readDataSet(): Omit<DataSet, "truth"> {
  const metric = options.metric as DataSet["metric"];
  return {
    name: options.train,
    metric,
    train: readMatrix(options.train),
    queries: readMatrix(options.queries),
  };
}

function readMetadata(): Metadata[] | undefined {
  if (options.metadata === undefined) return undefined;
  const lines = readFileSync(options.metadata, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Metadata);
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
  const metadata = readMetadata();
  const began = performance.now();
  for (let row = 0; row < train.rows; row += importBatch) {
    const slice = train.data.slice(row * dimension, (row + importBatch) * dimension);
    const start = performance.now();
    const answer = await store.insert({
      collection,
      vectors: { dimension, data: slice },
      ...(metadata && { metadata: metadata.slice(row, row + importBatch) }),
    });
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
  await indexed(store, collection);
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

/** Opens the directory; imports the data set when it is not there from an earlier run. */
async function prepare(path: string, data: Omit<DataSet, "truth">): Promise<DataSet & WithIds> {
  const idsFile = join(path, "bench-ids.json");
  const store = await open({ path: join(path, "store") });
  try {
    if (!existsSync(idsFile)) {
      const ids = await watched("import", () => importAll(store, data));
      writeFileSync(idsFile, JSON.stringify(ids));
    }
    const ids = JSON.parse(readFileSync(idsFile, "utf8")) as string[];
    return { ...data, ids, truth: await truthOf(store, data, ids) };
  } finally {
    await store.close();
  }
}

async function main(): Promise<void> {
  const path = options.path ?? mkdtempSync(join(tmpdir(), "dvesp-bench-"));
  mkdirSync(path, { recursive: true });
  try {
    const data = await prepare(path, readDataSet());
    const stage = { path, data, collection, topK, seconds: secondsPerStage, report, watched };
    const native = options.compare ? buildHnswlib(path, data) : undefined;
    await searchEmbedded(stage, native);
    await searchRest(stage);
    if (options.path === undefined) await insertStage(path, data);
  } finally {
    if (options.path === undefined) rmSync(path, { recursive: true, force: true });
  }
  const { train, metric, engine } = options;
  figures.end({ data: train, metric, engine }, options.json);
}

async function insertStage(path: string, data: DataSet): Promise<void> {
  const node = await serve({ path: join(path, "store"), port: 0, log_level: "error" });
  try {
    await insertRest(node.address, data);
  } finally {
    await node.close();
  }
}

await main();
