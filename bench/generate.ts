/**
 * Makes a data set of any size that resembles embeddings (mixture.ts), with queries of the same
 * distribution that are no rows of it, and their exact nearest. The same arguments make the same
 * files, on any number of threads.
 *
 *   npm run bench:generate -- --rows 1000000 --dimension 384 --out F.fbin
 *     [--queries Q.fbin --truth T.ibin] [--queries-count 1000] [--k 100] [--seed 1] [--threads 2]
 *
 * Rows have unit length: `l2` and `cosine` share one truth.
 */
import { closeSync, openSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { nearestOf } from "./block-neighbours.js";
import { rowOf, writeHeader, writeMatrix, writeTruth } from "./data-set.js";
import type { GenerateResult, GenerateTask } from "./generate-worker.js";
import { Mixture } from "./mixture.js";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string" },
    dimension: { type: "string", default: "384" },
    out: { type: "string" },
    queries: { type: "string" },
    truth: { type: "string" },
    "queries-count": { type: "string", default: "1000" },
    k: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});

function wholeNumber(
  name: "rows" | "dimension" | "queries-count" | "k" | "seed" | "threads",
): number {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} is a whole number from 1 on`);
  return value;
}

function run(task: GenerateTask): Promise<GenerateResult> {
  const worker = new Worker(new URL("./generate-worker.js", import.meta.url), { workerData: task });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

const { out: path, queries: queriesPath, truth: truthPath } = options;
if (path === undefined) throw new Error("--out is missing");
if (truthPath !== undefined && queriesPath === undefined)
  throw new Error("--truth needs --queries");

const rows = wholeNumber("rows");
const shape = { dimension: wholeNumber("dimension"), seed: wholeNumber("seed") };
const threads = wholeNumber("threads");
const count = wholeNumber("queries-count");
const k = truthPath === undefined ? 0 : Math.min(wholeNumber("k"), rows);
const matrix = { rows: count, dimension: shape.dimension, data: new Mixture(shape).queries(count) };
const queries = Array.from({ length: count }, (_, row) => rowOf(matrix, row));

const file = openSync(path, "w");
writeHeader(file, rows, shape.dimension);
closeSync(file);
if (queriesPath !== undefined) writeMatrix(queriesPath, matrix);
const parts = await Promise.all(
  Array.from({ length: threads }, (_, thread) =>
    run({ shape, rows, path, queries, k, thread, threads }),
  ),
);
if (truthPath !== undefined) {
  const truth = queries.map((_, query) =>
    nearestOf(
      parts.map((part) => part[query]!),
      k,
    ),
  );
  writeTruth(
    truthPath,
    truth.map((nearest) => nearest.map(({ row }) => row)),
  );
}
