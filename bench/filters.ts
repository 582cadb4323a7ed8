/**
 * What does a filter cost, and how much does it find? Searches through `open()` with filters of four
 * selectivities that have nothing to do with the vectors, and with classes that have; quiet, and
 * beside inserts of 500 rows a second. Truth is the same search with `exact: true`.
 *
 *   npm run bench:filters -- --train F.fbin --queries Q.fbin --metric cosine
 *     [--meta M.jsonl --field primary] [--rows N] [--json FILE]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { open } from "dvesp";
import type { Filter, VectorStore } from "dvesp";
import { readMatrix, rowOf } from "./data-set.js";
import type { Matrix } from "./data-set.js";
import { machine, percentile } from "./figures.js";

const collection = "filters";
const topK = 10;
const importBatch = 1000;
const queriesPerFilter = 100;
const rounds = 3;
const firstAsks = 30;
const insertsPerSecond = 500;
const insertBatch = 50;

const { values: options } = parseArgs({
  options: {
    train: { type: "string", default: "demo/data/arxiv-5k.fbin" },
    queries: { type: "string", default: "demo/data/arxiv-titles.fbin" },
    metric: { type: "string", default: "cosine" },
    meta: { type: "string" },
    field: { type: "string", default: "class" },
    rows: { type: "string" },
    json: { type: "string" },
  },
});

interface Case {
  readonly name: string;
  readonly filter: Filter;
}

/** A number from 0 to 999 for each row that has nothing to do with its vector. */
function chanceOf(row: number): number {
  return (Math.imul(row, 2_654_435_761) >>> 0) % 1000;
}

function readClasses(): string[] | undefined {
  if (options.meta === undefined) return undefined;
  const lines = readFileSync(options.meta, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const value = (JSON.parse(line) as Record<string, unknown>)[options.field];
    return typeof value === "string" ? value : JSON.stringify(value ?? null);
  });
}

async function importAll(store: VectorStore, train: Matrix, classes: string[] | undefined) {
  const { dimension } = train;
  await store.create_collection({
    collection,
    dimension,
    distance_metric: options.metric as "cosine" | "l2",
    index: { type: "hnsw" },
  });
  const rows = Math.min(train.rows, Number(options.rows ?? train.rows));
  for (let row = 0; row < rows; row += importBatch) {
    const end = Math.min(rows, row + importBatch);
    const metadata = Array.from({ length: end - row }, (_, at) => ({
      chance: chanceOf(row + at),
      ...(classes && { class: classes[row + at] ?? "" }),
    }));
    const data = train.data.slice(row * dimension, end * dimension);
    await store.insert({ collection, vectors: { dimension, data }, metadata });
  }
  for (;;) {
    const { rows: all, indexed_rows } = await store.describe_collection({ collection });
    if (all === indexed_rows) return rows;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function casesOf(classes: string[] | undefined, rows: number): Case[] {
  const random = [
    { name: "50 %", filter: { chance: { $lt: 500 } } },
    { name: "10 %", filter: { chance: { $lt: 100 } } },
    { name: "1 %", filter: { chance: { $lt: 10 } } },
    { name: "0.1 %", filter: { chance: 7 } },
  ];
  if (!classes) return random;
  const counts = new Map<string, number>();
  for (const one of classes.slice(0, rows)) counts.set(one, (counts.get(one) ?? 0) + 1);
  const nearest = [0.5, 0.1, 0.01, 0.001].map((share) =>
    [...counts].reduce((best, one) =>
      Math.abs(Math.log(one[1] / rows / share)) < Math.abs(Math.log(best[1] / rows / share))
        ? one
        : best,
    ),
  );
  const distinct = new Map(nearest);
  const own = [...distinct].map(([value, count]) => ({
    name: `${value} (${((100 * count) / rows).toPrecision(2)} %)`,
    filter: { class: value },
  }));
  return [...random, ...own];
}

interface Result {
  readonly name: string;
  readonly recall: number;
  readonly medianUs: number;
  readonly p95Us: number;
  readonly plan: unknown;
}

async function measure(store: VectorStore, queries: Matrix, { name, filter }: Case) {
  const times: number[] = [];
  let found = 0;
  let wanted = 0;
  let plan: unknown;
  const count = Math.min(queriesPerFilter, queries.rows);
  for (let round = 0; round < rounds; round++) {
    for (let row = 0; row < count; row++) {
      const request = {
        ...{ collection, query_vector: rowOf(queries, row), top_k: topK, filter },
        ...{ include_vectors: false, explain: true },
      };
      const began = performance.now();
      const { results, metrics } = await store.search(request);
      times.push((performance.now() - began) * 1000);
      plan = metrics.plan;
      if (round > 0) continue;
      const truth = await store.search({ ...request, exact: true });
      const ids = new Set(truth.results.map(({ id }) => id));
      found += results.filter(({ id }) => ids.has(id)).length;
      wanted += ids.size;
    }
  }
  const [medianUs, p95Us] = [percentile(times, 0.5), percentile(times, 0.95)];
  return { name, recall: found / wanted, medianUs, p95Us, plan } satisfies Result;
}

/** Filters that nobody has asked before, each once. */
async function firstAsked(store: VectorStore, queries: Matrix, from: number): Promise<number[]> {
  const times: number[] = [];
  for (let ask = 0; ask < firstAsks; ask++) {
    const low = (from + ask * 17) % 900;
    const filter = { chance: { $gte: low, $lt: low + 100 - ask } };
    const query_vector = rowOf(queries, ask % queries.rows);
    const began = performance.now();
    await store.search({ collection, query_vector, top_k: topK, filter, include_vectors: false });
    times.push((performance.now() - began) * 1000);
  }
  return times;
}

/** Inserts rows until it is told to stop; resolves when the last insert is done. */
function insertBeside(store: VectorStore, train: Matrix): () => Promise<void> {
  let isOver = false;
  let next = 0;
  const run = async (): Promise<void> => {
    const began = performance.now();
    while (!isOver) {
      const rows = Array.from({ length: insertBatch }, () => next++);
      const vectors = rows.map((row) => rowOf(train, row % train.rows));
      const metadata = rows.map((row) => ({ chance: chanceOf(row), late: true }));
      await store.insert({ collection, vectors, metadata });
      const dueMs = (1000 * next) / insertsPerSecond - (performance.now() - began);
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    }
  };
  const running = run();
  return () => {
    isOver = true;
    return running;
  };
}

async function stage(store: VectorStore, queries: Matrix, cases: readonly Case[], seed: number) {
  const results: Result[] = [];
  for (const one of cases) {
    const result = await measure(store, queries, one);
    results.push(result);
    const { name, recall, medianUs, p95Us, plan } = result;
    const figures = `${recall.toFixed(3)}  ${medianUs.toFixed(0).padStart(7)} µs  p95 ${p95Us.toFixed(0)}`;
    process.stdout.write(`${name.padEnd(28)} ${figures}  ${JSON.stringify(plan)}\n`);
  }
  const first = await firstAsked(store, queries, seed);
  const [median, max] = [percentile(first, 0.5), Math.max(...first)];
  process.stdout.write(`first asked: median ${median.toFixed(0)} µs, max ${max.toFixed(0)} µs\n`);
  return { results, firstAskedUs: { median, max } };
}

async function main(): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "dvesp-bench-filters-"));
  const store = await open({ path });
  try {
    const train = readMatrix(options.train);
    const queries = readMatrix(options.queries);
    const classes = readClasses();
    const rows = await importAll(store, train, classes);
    const cases = casesOf(classes, rows);
    process.stdout.write(`${rows} rows, quiet\n`);
    const quiet = await stage(store, queries, cases, 0);
    process.stdout.write(`beside ${insertsPerSecond} rows/s\n`);
    const stop = insertBeside(store, train);
    const busy = await stage(store, queries, cases, 5);
    await stop();
    const result = { machine: machine(), data: options.train, rows, quiet, busy };
    if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(result, null, 2));
  } finally {
    await store.close();
    rmSync(path, { recursive: true, force: true });
  }
}

await main();
