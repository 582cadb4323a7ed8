/**
 * What does an index by another metric than the collection's own buy? Rows are stored by one metric and
 * searched by all three. When the indexes that this brings about are complete, searches by each metric are
 * timed in turns with the scans (`exact: true`) that they took the place of, one at a time, embedded.
 *
 *   npm run bench:metrics -- --train F.u8bin --queries Q.u8bin --metric l2 [--queries-max 200]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { open } from "dvesp";
import type { DistanceMetric, OpenStore, SearchAnswer } from "dvesp";
import { readMatrix, rowOf } from "./data-set.js";
import { machine, percentile, printTable } from "./figures.js";
import type { Figure } from "./figures.js";

const collection = "rows";
const top_k = 10;
const rowsPerCall = 1000;
const queriesPerTurn = 20;
const pollMs = 20;
const metrics: readonly DistanceMetric[] = ["cosine", "l2", "dot_product"];

const { values: options } = parseArgs({
  options: {
    train: { type: "string" },
    queries: { type: "string" },
    metric: { type: "string", default: "l2" },
    "queries-max": { type: "string", default: "200" },
  },
});

const own = metrics.find((metric) => metric === options.metric);
if (!options.train || !options.queries || !own) throw new Error("see the head of this file");
const rows = readMatrix(options.train);
const queryMatrix = readMatrix(options.queries);
const queryCount = Math.min(Number(options["queries-max"]), queryMatrix.rows);
const queries = Array.from({ length: queryCount }, (_, row) => rowOf(queryMatrix, row));
const figures: Figure[] = [];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function fill(store: OpenStore, distance_metric: DistanceMetric): Promise<void> {
  await store.create_collection({ collection, dimension: rows.dimension, distance_metric });
  for (let from = 0; from < rows.rows; from += rowsPerCall) {
    const count = Math.min(rowsPerCall, rows.rows - from);
    const vectors = Array.from({ length: count }, (_, row) => rowOf(rows, from + row));
    await store.insert({ collection, vectors });
  }
}

const searchBy = (
  store: OpenStore,
  distance_metric: DistanceMetric,
  query_vector: Float32Array,
  exact = false,
): Promise<SearchAnswer> =>
  store.search({ collection, query_vector, top_k, distance_metric, exact, explain: true });

/** Searches by a metric until its index has every row; milliseconds until the first walk, and until then. */
async function untilIndexed(store: OpenStore, metric: DistanceMetric): Promise<[number, number]> {
  const began = performance.now();
  let walkedMs = 0;
  for (let n = 0; ; n++) {
    const { metrics } = await searchBy(store, metric, queries[n % queryCount] as Float32Array);
    const sinceMs = performance.now() - began;
    if (walkedMs === 0 && metrics.plan?.["index"] !== "none") walkedMs = sinceMs;
    if (walkedMs > 0 && metrics.plan?.["fresh_rows"] === 0) return [walkedMs, sinceMs];
    await pause(pollMs);
  }
}

async function compare(store: OpenStore, metric: DistanceMetric): Promise<void> {
  const times = { scan: [] as number[], index: [] as number[] };
  const truth = new Map<number, Set<string>>();
  let [found, walked] = [0, 0];
  const run = async (n: number, exact: boolean): Promise<SearchAnswer["results"]> => {
    const began = performance.now();
    const query = queries[n] as Float32Array;
    const { results, metrics } = await searchBy(store, metric, query, exact);
    times[exact ? "scan" : "index"].push(performance.now() - began);
    if (!metrics.exact) walked++;
    return results;
  };
  for (let from = 0; from < queryCount; from += queriesPerTurn) {
    const turn = Array.from(
      { length: Math.min(queriesPerTurn, queryCount - from) },
      (_, n) => from + n,
    );
    for (const n of turn) truth.set(n, new Set((await run(n, true)).map(({ id }) => id)));
    for (const n of turn) {
      found += (await run(n, false)).filter(({ id }) => truth.get(n)?.has(id)).length;
    }
  }
  const [scan, index] = [percentile(times.scan, 0.5), percentile(times.index, 0.5)];
  figures.push({ what: `${metric}: scan, p50`, value: scan, unit: "ms" });
  figures.push({ what: `${metric}: index, p50`, value: index, unit: "ms" });
  figures.push({ what: `${metric}: times faster`, value: scan / index, unit: "" });
  figures.push({ what: `${metric}: not by a scan`, value: walked / queryCount, unit: "of 1" });
  figures.push({ what: `${metric}: recall@10`, value: found / (queryCount * top_k), unit: "" });
}

const path = mkdtempSync(join(tmpdir(), "dvesp-bench-metrics-"));
const store = await open({ path });
try {
  await fill(store, own);
  await untilIndexed(store, own);
  for (const metric of metrics.filter((one) => one !== own)) {
    const [walkedMs, completeMs] = await untilIndexed(store, metric);
    figures.push({ what: `${metric}: first walk after`, value: walkedMs, unit: "ms" });
    figures.push({ what: `${metric}: index complete after`, value: completeMs, unit: "ms" });
  }
  for (const metric of metrics) await compare(store, metric);
} finally {
  await store.close();
  rmSync(path, { recursive: true, force: true });
}
console.log(
  JSON.stringify({ machine: machine(), rows: rows.rows, dimension: rows.dimension, own }),
);
printTable(figures);
