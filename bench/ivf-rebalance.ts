/**
 * What does rebalancing buy when data doubles and lies elsewhere? Lists are trained on one half of the
 * classes; then the other half comes, and the lists are (a) rebalanced as a node does it, (b) left as
 * they are, (c) made from nothing at the end. Recall and time of searches before, during and after,
 * the contestants (with --graph also an HNSW index) in turns, in one process, on one thread.
 *
 *   node dist-bench/ivf-rebalance.js --train F --queries Q --meta META.jsonl --metric l2
 *     [--queries-max 300] [--rounds 7] [--rows-max 30000]
 *     [--graph] [--json FILE]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { SystemDisk } from "../dist/base/index.js";
import {
  ExactScanner,
  SharedRows,
  attachReader,
  openBuilder,
  selectIndex,
} from "../dist/index/index.js";
import type {
  IndexBuilder,
  IndexReader,
  RebalanceState,
  SearchEffort,
} from "../dist/index/index.js";
import { decideRebalance } from "../dist/supervisors/index.js";
import { readMatrix, rowOf } from "./data-set.js";
import type { Matrix } from "./data-set.js";
import { machine } from "./figures.js";
import { required } from "./options.js";

const k = 10;
const batchRows = 2000;
const nprobes = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64];
const efs = [10, 14, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192];
const targets = [0.95, 0.98, 0.99];
const recallEnough = 0.994;

const { values: options } = parseArgs({
  options: {
    train: { type: "string" },
    queries: { type: "string" },
    meta: { type: "string" },
    metric: { type: "string", default: "l2" },
    "queries-max": { type: "string", default: "300" },
    rounds: { type: "string", default: "7" },
    "rows-max": { type: "string", default: "1000000" },
    graph: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

const metric = options.metric === "cosine" ? "cosine" : "l2";
const train = firstRows(readMatrix(required(options, "train")), Number(options["rows-max"]));
const queryMatrix = readMatrix(required(options, "queries"));
const queryCount = Math.min(Number(options["queries-max"]), queryMatrix.rows);
const queries = Array.from({ length: queryCount }, (_, row) => rowOf(queryMatrix, row));
const directory = mkdtempSync(join(tmpdir(), "dvesp-bench-"));

function firstRows({ rows, dimension, data }: Matrix, most: number): Matrix {
  const count = Math.min(rows, most);
  return { rows: count, dimension, data: data.subarray(0, count * dimension) };
}

/** Half of the classes first: those that come first in the alphabet until half of the rows have one. */
function halves(): { readonly order: number[]; readonly half: number } {
  const lines = readFileSync(required(options, "meta"), "utf8")
    .trimEnd()
    .split("\n")
    .slice(0, train.rows);
  const classes = lines.map((line) => {
    const meta = JSON.parse(line) as Record<string, unknown>;
    return String(meta["class"] ?? meta["primary"]);
  });
  const counts = new Map<string, number>();
  for (const one of classes) counts.set(one, (counts.get(one) ?? 0) + 1);
  const first = new Set<string>();
  let rows = 0;
  for (const one of [...counts.keys()].sort()) {
    if (rows >= classes.length / 2) break;
    first.add(one);
    rows += counts.get(one) ?? 0;
  }
  const isFirst = (row: number): boolean => first.has(classes[row] as string);
  const all = [...classes.keys()];
  return { order: [...all.filter(isFirst), ...all.filter((row) => !isFirst(row))], half: rows };
}

const { order, half } = halves();
const ordered: Matrix = { ...train, data: new Float32Array(train.data.length) };
order.forEach((row, at) => ordered.data.set(rowOf(train, row), at * train.dimension));

function rowsWith(count: number): SharedRows {
  const rows = SharedRows.create({ dimension: train.dimension });
  rows.reserve(train.rows);
  rows.write(0, ordered.data);
  rows.publish(train.rows);
  rows.commit(count);
  return rows;
}

/** The nearest of the first `count` rows, by comparing with all. */
function truthOf(rows: SharedRows, count: number): ReadonlySet<number>[] {
  const scanner = new ExactScanner(rows);
  return queries.map(
    (query) => new Set(scanner.scan({ query, metric, k }, { from: 0, to: count }).ordinals),
  );
}

interface Point {
  readonly effort: SearchEffort;
  readonly recall: number;
  /** Rows and centroids compared a query: what takes the time, on however busy a machine. */
  readonly compared: number;
  readonly times: number[];
}

interface Contestant {
  readonly name: string;
  readonly builder: IndexBuilder;
  readonly rows: SharedRows;
  /** Milliseconds of adding and of rebalancing. */
  addMs: number;
  rebalanceMs: number;
  longestSliceMs: number;
  reader?: IndexReader;
  points: Point[];
}

async function contestant(name: string, type: "ivf" | "hnsw", count: number): Promise<Contestant> {
  const rows = rowsWith(count);
  const spec = selectIndex({ dimension: train.dimension, metric, index: { type } }, train.rows);
  const own = join(directory, name);
  const builder = await openBuilder({ spec, rows, directory: own, disk: new SystemDisk() });
  return { name, builder, rows, addMs: 0, rebalanceMs: 0, longestSliceMs: 0, points: [] };
}

async function add(one: Contestant, count: number): Promise<void> {
  const began = performance.now();
  await one.builder.add(count);
  one.addMs += performance.now() - began;
}

/** As a node does; `between` is called after each slice. */
async function rebalance(one: Contestant, between: () => void = () => undefined): Promise<void> {
  const { rebalancing } = one.builder;
  if (!rebalancing) return;
  for (;;) {
    const step = decideRebalance(rebalancing.facts());
    if (!step) return;
    let began = performance.now();
    await rebalancing.begin(step);
    one.rebalanceMs += performance.now() - began;
    for (let state: RebalanceState = "more"; state === "more";) {
      between();
      began = performance.now();
      state = rebalancing.advance();
      const took = performance.now() - began;
      one.rebalanceMs += took;
      one.longestSliceMs = Math.max(one.longestSliceMs, took);
    }
  }
}

async function publish(one: Contestant): Promise<void> {
  const publication = await one.builder.publish();
  if (one.reader) await one.reader.refresh(publication);
  else one.reader = await attachReader(publication, one.rows);
}

function search({ reader }: Contestant, query: Float32Array, effort: SearchEffort) {
  if (!reader) throw new Error("not published");
  return reader.search({ query, k, effort });
}

function recallOf(one: Contestant, truth: readonly ReadonlySet<number>[], effort: SearchEffort) {
  let found = 0;
  queries.forEach((query, at) => {
    for (const hit of search(one, query, effort).hits.ordinals) {
      if (truth[at]?.has(hit)) found++;
    }
  });
  return found / queryCount / k;
}

function comparedBy(one: Contestant, effort: SearchEffort): number {
  const lists = one.builder.rebalancing?.facts().lists ?? NaN;
  const rows = queries.map((query) => {
    const { route } = search(one, query, effort);
    return route.kind === "probe" ? route.compared : NaN;
  });
  return lists + rows.reduce((sum, count) => sum + count, 0) / queryCount;
}

/** Points of the curve, measured in turns. */
function measure(contestants: readonly Contestant[], truth: readonly ReadonlySet<number>[]): void {
  for (const one of contestants) {
    one.points = [];
    const efforts: SearchEffort[] = one.builder.rebalancing
      ? nprobes.map((nprobe) => ({ nprobe }))
      : efs.map((ef) => ({ ef }));
    for (const effort of efforts) {
      const recall = recallOf(one, truth, effort);
      one.points.push({ effort, recall, compared: comparedBy(one, effort), times: [] });
      if (recall >= recallEnough) break;
    }
  }
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const one of contestants) {
      for (const { effort, times } of one.points) {
        const began = performance.now();
        for (const query of queries) search(one, query, effort);
        times.push(((performance.now() - began) * 1000) / queryCount);
      }
    }
  }
}

function typical({ times }: Point): number {
  return [...times].sort((left, right) => left - right)[times.length >> 1] ?? NaN;
}

/** A cost at a recall, on straight lines between the points. */
function costAt(
  { points }: Contestant,
  target: number,
  cost: (point: Point) => number,
): number | undefined {
  const index = points.findIndex(({ recall }) => recall >= target);
  const after = points[index];
  if (!after) return undefined;
  const before = points[index - 1] ?? after;
  const share = after === before ? 0 : (target - before.recall) / (after.recall - before.recall);
  return cost(before) + share * (cost(after) - cost(before));
}

const summary: Record<string, unknown> = { rows: train.rows, half, queries: queryCount };

function report(phase: string, contestants: readonly Contestant[]): void {
  for (const one of contestants) {
    const facts = one.builder.rebalancing?.facts();
    const at = targets.flatMap((target) => [
      [`us_at_${target}`, costAt(one, target, typical)] as const,
      [`compared_at_${target}`, costAt(one, target, ({ compared }) => compared)] as const,
    ]);
    const row = {
      ...(facts && { lists: facts.lists, largest: facts.largest, drift: facts.drift }),
      ...Object.fromEntries(at),
      add_us_per_row: (one.addMs * 1000) / one.builder.indexed,
      rebalance_us_per_row: (one.rebalanceMs * 1000) / one.builder.indexed,
      longest_slice_ms: one.longestSliceMs,
    };
    summary[`${phase} ${one.name}`] = row;
    console.log(phase, one.name, JSON.stringify(row));
  }
}

const rebalanced = await contestant("rebalanced", "ivf", half);
const left = await contestant("left", "ivf", half);
for (const one of [rebalanced, left]) {
  await add(one, half);
  await rebalance(one);
  await publish(one);
}
measure([rebalanced], truthOf(rebalanced.rows, half));
report("before", [rebalanced]);

/** Searches between slices, at the effort that the index has chosen. */
const during = { searches: 0, found: 0, us: [] as number[] };
let turn = 0;
for (let end = half + batchRows; ; end = Math.min(train.rows, end + batchRows)) {
  rebalanced.rows.commit(end);
  await add(rebalanced, batchRows);
  await publish(rebalanced);
  const { indexed } = rebalanced.builder;
  const scanner = new ExactScanner(rebalanced.rows);
  await rebalance(rebalanced, () => {
    const query = queries[turn++ % queryCount] as Float32Array;
    const began = performance.now();
    const { hits } = search(rebalanced, query, {});
    during.us.push((performance.now() - began) * 1000);
    const truth = scanner.scan({ query, metric, k }, { from: 0, to: indexed }).ordinals;
    during.searches++;
    during.found += hits.ordinals.filter((one) => truth.includes(one)).length;
  });
  if (end === train.rows) break;
}
left.rows.commit(train.rows);
await add(left, train.rows);
for (const one of [rebalanced, left]) await publish(one);
const fresh = await contestant("fresh", "ivf", train.rows);
const others = options.graph ? [await contestant("hnsw", "hnsw", train.rows)] : [];
for (const one of [fresh, ...others]) {
  await add(one, train.rows);
  await rebalance(one);
  await publish(one);
}
during.us.sort((one, other) => one - other);
summary["during"] = {
  searches: during.searches,
  recall: during.found / during.searches / k,
  median_us: during.us[during.us.length >> 1],
  p99_us: during.us[Math.floor(during.us.length * 0.99)],
};
console.log("during", JSON.stringify(summary["during"]));
const contestants = [rebalanced, left, fresh, ...others];
const truth = truthOf(fresh.rows, train.rows);
measure(contestants, truth);
report("after", contestants);
for (const one of contestants) {
  const recall = recallOf(one, truth, {});
  summary[`recall by default ${one.name}`] = recall;
  console.log("recall by default", one.name, recall.toFixed(4));
}
if (options.json !== undefined) {
  writeFileSync(options.json, JSON.stringify({ machine: machine(), options, summary }, null, 2));
}
rmSync(directory, { recursive: true });
