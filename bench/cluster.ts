/**
 * What do three nodes on one host hold? Reads at each level, writes at QUORUM, both beside each other,
 * how long the replicas lag behind, and how much the nodes' answers differ. Run it by
 * `npm run bench:cluster -- --train F.u8bin --queries Q.u8bin --truth T.ibin --metric l2 [--rows N]
 * [--seconds S] [--json FILE]`. All of it, the clients too, shares the cores of this machine.
 */
import { parseArgs } from "node:util";
import { connect } from "dvesp";
import { ClusterProcess } from "./cluster-process.js";
import { readMatrix, readTruth, rowOf } from "./data-set.js";
import type { DataSet } from "./data-set.js";
import { Figures, percentile } from "./figures.js";
import { LoadProcess } from "./load-process.js";
import type { LoadResult, SearchLoad } from "./load-process.js";
import { metricOf, required } from "./options.js";
import { RecallCount, indexed } from "./search-stage.js";
import type { WithIds } from "./search-stage.js";
import { runWrites } from "./write-load.js";
import type { WriteResult } from "./write-load.js";

const collection = "bench";
const topK = 10;
const atOnce = 16;
const importBatch = 1000;
const nodes = 3;
const comparedQueries = 1000;
/** Writes beside reads: one reader leaves room on two cores, six ask for more than they have. */
const besides = [
  { rowsAtOnce: 10, readers: 1 },
  { rowsAtOnce: 10, readers: 6 },
  { rowsAtOnce: 1, readers: 6 },
];
const beside = { rowsPerSecond: 500, times: 3 };

const { values: options } = parseArgs({
  options: {
    train: { type: "string" },
    queries: { type: "string" },
    truth: { type: "string" },
    metric: { type: "string", default: "l2" },
    rows: { type: "string" },
    seconds: { type: "string", default: "10" },
    port: { type: "string", default: "7300" },
    json: { type: "string" },
  },
});
const seconds = Number(options.seconds);

const figures = new Figures();
const { report } = figures;

function readDataSet(): DataSet {
  const all = readMatrix(required(options, "train"));
  const rows = Math.min(all.rows, Number(options.rows ?? all.rows));
  const train = { ...all, rows, data: all.data.subarray(0, rows * all.dimension) };
  const truth = rows < all.rows ? [] : readTruth(required(options, "truth"), topK);
  const queries = readMatrix(required(options, "queries"));
  return { name: "train", metric: metricOf(options.metric), train, queries, truth };
}

async function importAll(cluster: ClusterProcess, data: DataSet): Promise<string[]> {
  const { dimension, rows, data: all } = data.train;
  const store = connect({ nodes: cluster.addresses, timeout_ms: 60_000 });
  await store.create_collection({
    collection,
    dimension,
    distance_metric: data.metric,
    replication_factor: nodes,
  });
  const ids: string[] = [];
  const began = performance.now();
  for (let row = 0; row < rows; row += importBatch) {
    const slice = all.slice(row * dimension, (row + importBatch) * dimension);
    const vectors = { dimension, data: slice };
    const answer = await store.insert({ collection, vectors, consistency_level: "QUORUM" });
    ids.push(...answer.vector_ids);
  }
  report("import at QUORUM: rows per second", (rows * 1000) / (performance.now() - began), "/s");
  await store.close();
  for (const address of cluster.addresses) {
    const one = connect({ nodes: [address] });
    await indexed(one, collection);
    await one.close();
  }
  report("all indexes complete after", (performance.now() - began) / 1000, "s");
  return ids;
}

function reportReads(what: string, data: DataSet & WithIds, result: LoadResult): void {
  report(`${what}: queries per second`, result.times.length / result.seconds, "/s");
  report(`${what}: p50`, percentile(result.times, 0.5), "ms");
  report(`${what}: p99`, percentile(result.times, 0.99), "ms");
  if (data.truth.length === 0) return;
  const found = new RecallCount(data);
  for (const { query, ids } of result.checked) found.count(query, ids);
  report(`${what}: recall@10 of ${result.checked.length} checked answers`, found.value, "");
}

function reportWrites(what: string, result: WriteResult, rowsAtOnce = 1): void {
  const rows = result.times.length * rowsAtOnce;
  report(`${what}: rows per second`, rows / result.seconds, "/s");
  report(`${what}: p50`, percentile(result.times, 0.5), "ms");
  report(`${what}: p99`, percentile(result.times, 0.99), "ms");
  report(`${what}: last replica behind the answer p50`, percentile(result.lags, 0.5), "ms");
  report(`${what}: last replica behind the answer p99`, percentile(result.lags, 0.99), "ms");
}

/** Of the results of the same queries at ONE, the share that a node has and the first has not. */
async function reportDifferences(cluster: ClusterProcess, data: DataSet): Promise<void> {
  const stores = cluster.addresses.map((address) => connect({ nodes: [address] }));
  let differing = 0;
  const count = Math.min(comparedQueries, data.queries.rows);
  for (let query = 0; query < count; query++) {
    const query_vector = rowOf(data.queries, query);
    const request = { collection, query_vector, top_k: topK, include_vectors: false };
    const answers = await Promise.all(
      stores.map((one) => one.search({ ...request, consistency_level: "ONE" })),
    );
    const [first, ...others] = answers.map(({ results }) => new Set(results.map(({ id }) => id)));
    for (const other of others) for (const id of other) if (!first!.has(id)) differing++;
  }
  const compared = count * topK * (stores.length - 1);
  report(`answers to ${count} queries at ONE that differ`, (100 * differing) / compared, "%");
  await Promise.all(stores.map((one) => one.close()));
}

async function measure(cluster: ClusterProcess, data: DataSet & WithIds): Promise<void> {
  const load = await LoadProcess.start();
  const { addresses } = cluster;
  const queryCount = data.truth.length === 0 ? data.queries.rows : data.truth.length;
  const queries = Array.from({ length: queryCount }, (_, row) => rowOf(data.queries, row));
  const common = { addresses, collection, queries, topK, atOnce, seconds, recall: undefined };
  const search: SearchLoad = { ...common, include_vectors: false };
  const rows = Array.from({ length: 2000 }, (_, row) => rowOf(data.train, row));
  const write = { addresses, collection, rows, consistency_level: "QUORUM", seconds } as const;
  try {
    await load.search({ ...search, consistency_level: "QUORUM", seconds: seconds / 2 });
    for (const consistency_level of ["ONE", "QUORUM", "ALL"] as const) {
      const what = `search at ${consistency_level}, ${atOnce} at once`;
      reportReads(what, data, await load.search({ ...search, consistency_level }));
    }
    // As searches, writes are compiled only after some thousand, on every thread of three nodes.
    await runWrites({ ...write, atOnce, seconds: 2 * seconds });
    reportWrites(`insert at QUORUM, ${atOnce} at once`, await runWrites({ ...write, atOnce }));
    for (const { rowsAtOnce, readers } of besides) {
      const perSecond = beside.rowsPerSecond / rowsAtOnce;
      const long = { seconds: beside.times * seconds };
      const [reads, writes] = await Promise.all([
        load.search({ ...search, ...long, consistency_level: "QUORUM", atOnce: readers }),
        runWrites({ ...write, ...long, atOnce, rowsAtOnce, perSecond }),
      ]);
      const inserts = `${perSecond} inserts/s of ${rowsAtOnce} rows`;
      const what = `search at QUORUM, ${readers} at once, beside ${inserts}`;
      reportReads(what, { ...data, truth: [] }, reads);
      reportWrites(`${inserts} at QUORUM beside ${readers} readers`, writes, rowsAtOnce);
    }
    await reportDifferences(cluster, data);
  } finally {
    load.stop();
  }
}

async function main(): Promise<void> {
  const data = readDataSet();
  const cluster = await ClusterProcess.start(nodes, Number(options.port));
  try {
    await measure(cluster, { ...data, ids: await importAll(cluster, data) });
  } finally {
    await cluster.stop();
  }
  figures.end({ nodes, rows: data.train.rows }, options.json);
}

await main();
