/**
 * How fast is engine `shared` against hnswlib-node at the same recall, on one thread? Both graphs are
 * built in turns of 1,000 rows and searched in turns of all queries, in one process, so that both
 * meet the same disturbances. hnswlib-node gets its queries as the arrays it wants, made beforehand.
 *
 *   node dist-bench/index-engines.js --train F.u8bin --queries Q.u8bin --truth T.ibin --metric l2
 *     [--queries-max 500] [--rounds 9] [--directory DIR] [--json FILE]
 *
 * In a directory that is given the graphs are kept, so that later runs only search them.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import hnswlib from "hnswlib-node";
import type { HierarchicalNSW } from "hnswlib-node";
import { SystemDisk } from "../dist/base/index.js";
import { SharedRows, attachReader, openBuilder, selectIndex } from "../dist/index/index.js";
import type { IndexBuilder, IndexReader } from "../dist/index/index.js";
import { readMatrix, readTruth, rowOf } from "./data-set.js";
import type { Matrix } from "./data-set.js";
import { machine } from "./figures.js";
import { required } from "./options.js";

const topK = 10;
const m = 16;
const efConstruction = 100;
const sliceRows = 1000;
const efSteps = [10, 12, 14, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320];
const targets = [0.95, 0.98, 0.99];
const recallEnough = 0.994;

const { values: options } = parseArgs({
  options: {
    train: { type: "string" },
    queries: { type: "string" },
    truth: { type: "string" },
    metric: { type: "string", default: "l2" },
    "queries-max": { type: "string", default: "500" },
    rounds: { type: "string", default: "9" },
    directory: { type: "string" },
    json: { type: "string" },
  },
});

type Search = (query: number, ef: number) => ArrayLike<number>;

interface Point {
  readonly ef: number;
  readonly recall: number;
  /** Microseconds a query, of each round. */
  readonly times: number[];
}

interface Contestant {
  readonly name: string;
  readonly search: Search;
  readonly points: Point[];
  /** Microseconds a row, unless the graph was built by an earlier run. */
  readonly buildUs: number | undefined;
}

/** hnswlib runs cosine as inner product over unit vectors. */
function toPoint(vector: Float32Array, metric: string): number[] {
  const length = metric === "cosine" ? Math.hypot(...vector) : 1;
  return Array.from(vector, (value) => value / length);
}

function measured(task: () => void): number {
  const began = performance.now();
  task();
  return (performance.now() - began) * 1000;
}

const { metric: metricName } = options;
if (metricName !== "l2" && metricName !== "cosine") throw new Error("--metric is l2 or cosine");
const metric = metricName;
const train = readMatrix(required(options, "train"));
const queryMatrix = readMatrix(required(options, "queries"));
const queryCount = Math.min(Number(options["queries-max"]), queryMatrix.rows);
const queries = Array.from({ length: queryCount }, (_, row) => rowOf(queryMatrix, row));
const truth = readTruth(required(options, "truth"), topK).slice(0, queryCount);
const directory = options.directory ?? mkdtempSync(join(tmpdir(), "dvesp-bench-"));
const nativePath = join(directory, "hnswlib.index");

function fillRows({ rows: count, dimension, data }: Matrix): SharedRows {
  const rows = SharedRows.create({ dimension });
  rows.reserve(count);
  rows.write(0, data);
  rows.publish(count);
  rows.commit(count);
  return rows;
}

/** Searches of the first go through its reader, as a searcher's do. */
async function contest(): Promise<readonly [Contestant, Contestant]> {
  const { dimension } = train;
  const rows = fillRows(train);
  const index = { type: "hnsw", engine: "shared", m, ef_construction: efConstruction } as const;
  const spec = selectIndex({ dimension, metric, index }, train.rows);
  const builder = await openBuilder({ spec, rows, directory, disk: new SystemDisk() });
  const native = new hnswlib.HierarchicalNSW(metric === "l2" ? "l2" : "ip", dimension);
  const isKept = existsSync(nativePath);
  if (isKept) native.readIndexSync(nativePath);
  const [own, other] = isKept ? [] : await build(builder, native);
  const reader = await attachReader(await builder.publish(), rows);
  if (options.directory !== undefined && !isKept) {
    await builder.close();
    native.writeIndexSync(nativePath);
  }
  return [
    { name: "shared", search: searchShared(reader), points: [], buildUs: own },
    { name: "hnswlib-node", search: searchNative(native), points: [], buildUs: other },
  ];
}

/** Builds both in turns; microseconds a row of each. */
async function build(
  builder: IndexBuilder,
  native: HierarchicalNSW,
): Promise<readonly [number, number]> {
  native.initIndex({ maxElements: train.rows, m, efConstruction, randomSeed: 100 });
  let own = 0;
  let other = 0;
  for (let first = 0; first < train.rows; first += sliceRows) {
    const points = Array.from({ length: Math.min(sliceRows, train.rows - first) }, (_, at) =>
      toPoint(rowOf(train, first + at), metric),
    );
    const began = performance.now();
    await builder.add(sliceRows);
    own += (performance.now() - began) * 1000;
    other += measured(() => points.forEach((point, at) => native.addPoint(point, first + at)));
  }
  return [own / train.rows, other / train.rows];
}

function searchShared(reader: IndexReader): Search {
  return (query, ef) =>
    reader.search({ query: queries[query]!, k: topK, effort: { ef } }).hits.ordinals;
}

function searchNative(native: HierarchicalNSW): Search {
  const points = queries.map((query) => toPoint(query, metric));
  return (query, ef) => {
    native.setEf(ef);
    return native.searchKnn(points[query]!, topK).neighbors;
  };
}

function recallOf(search: Search, ef: number): number {
  let found = 0;
  truth.forEach((nearest, query) => {
    const hits = new Set(Array.from(search(query, ef)));
    for (const row of nearest) if (hits.has(row)) found++;
  });
  return found / truth.length / topK;
}

function choosePoints({ search, points }: Contestant): void {
  for (const ef of efSteps) {
    const recall = recallOf(search, ef);
    points.push({ ef, recall, times: [] });
    if (recall >= recallEnough) return;
  }
}

/** Microseconds at a recall, on straight lines between the points; undefined where none reaches it. */
function timeAt({ points }: Contestant, target: number): number | undefined {
  const index = points.findIndex(({ recall }) => recall >= target);
  const after = points[index];
  if (!after) return undefined;
  const before = points[index - 1] ?? after;
  const share = after === before ? 0 : (target - before.recall) / (after.recall - before.recall);
  return typical(before) + share * (typical(after) - typical(before));
}

/** The median of the rounds. */
function typical({ times }: Point): number {
  return [...times].sort((left, right) => left - right)[times.length >> 1]!;
}

const contestants = await contest();
contestants.forEach(choosePoints);
for (let round = 0; round < Number(options.rounds); round++) {
  for (const { search, points } of contestants) {
    for (const { ef, times } of points) {
      times.push(measured(() => queries.forEach((_, query) => search(query, ef))) / queryCount);
    }
  }
}

const [own, other] = contestants;
for (const { name, points } of contestants) {
  for (const point of points) {
    const time = `${typical(point).toFixed(1)} µs (best ${Math.min(...point.times).toFixed(1)})`;
    console.log(`${name}  ef ${point.ef}  recall ${point.recall.toFixed(4)}  ${time}`);
  }
}
const summary: Record<string, number | undefined> = {
  build_us: own.buildUs,
  build_us_hnswlib: other.buildUs,
  build_ratio: own.buildUs && other.buildUs && other.buildUs / own.buildUs,
};
for (const target of targets) {
  const ours = timeAt(own, target);
  const theirs = timeAt(other, target);
  summary[`us_at_${target}`] = ours;
  summary[`us_at_${target}_hnswlib`] = theirs;
  summary[`ratio_at_${target}`] = ours && theirs && theirs / ours;
}
for (const [name, value] of Object.entries(summary)) {
  console.log(`${name}  ${value?.toFixed(2) ?? "not measured"}`);
}
if (options.json !== undefined) {
  writeFileSync(options.json, JSON.stringify({ machine: machine(), options, summary }, null, 2));
}
if (options.directory === undefined) rmSync(directory, { recursive: true });
