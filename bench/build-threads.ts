/**
 * How much sooner is a graph of engine `shared` built by several threads than by one, and is it as
 * good? Both are built in turns of 2,000 rows in one process, so that both meet the same
 * disturbances; the processor time of each says how much of the machine it was given.
 *
 *   node dist-bench/build-threads.js --train F.u8bin --queries Q.u8bin --truth T.ibin --metric l2
 *     [--rows-max N] [--threads 2] [--json FILE]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { SystemDisk } from "../dist/base/index.js";
import { SharedRows, attachReader, openBuilder, selectIndex } from "../dist/index/index.js";
import type { BuildHelpers, IndexBuilder } from "../dist/index/index.js";
import { TaskPool } from "../dist/runtime/index.js";
import { readMatrix, readTruth, rowOf } from "./data-set.js";
import { machine } from "./figures.js";
import { metricOf } from "./options.js";

const topK = 10;
const turnRows = 2000;
const efSteps = [16, 32, 64, 128];

const { values: options } = parseArgs({
  options: {
    train: { type: "string" },
    queries: { type: "string" },
    truth: { type: "string" },
    metric: { type: "string", default: "l2" },
    "rows-max": { type: "string", default: "1000000000" },
    threads: { type: "string", default: "2" },
    json: { type: "string" },
  },
});
const { train: trainPath, queries: queriesPath, truth: truthPath } = options;
const metric = metricOf(options.metric);
if (trainPath === undefined || queriesPath === undefined) throw new Error("--train, --queries");

const train = readMatrix(trainPath);
const count = Math.min(train.rows, Number(options["rows-max"]));
const rows = SharedRows.create({ dimension: train.dimension });
rows.reserve(count);
rows.write(0, train.data.subarray(0, count * train.dimension));
rows.publish(count);
rows.commit(count);
const spec = selectIndex(
  { dimension: train.dimension, metric, index: { type: "hnsw", engine: "shared" } },
  count,
);
const directory = mkdtempSync(join(tmpdir(), "dvesp-bench-"));
const helperCount = Number(options.threads) - 1;
const pool = new TaskPool({ threads: helperCount });
const helpers: BuildHelpers = {
  count: helperCount,
  firstSlot: 2,
  run: (module, exportName, args) => pool.run(module, exportName, args),
};

interface Contestant {
  readonly name: string;
  readonly builder: IndexBuilder;
  ms: number;
  cpuMs: number;
}

async function contestant(name: string, lent?: BuildHelpers): Promise<Contestant> {
  const path = join(directory, name);
  const builder = await openBuilder({
    spec,
    rows,
    directory: path,
    disk: new SystemDisk(),
    helpers: lent,
  });
  return { name, builder, ms: 0, cpuMs: 0 };
}

async function turn(one: Contestant): Promise<void> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  await one.builder.add(turnRows);
  one.ms += performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  one.cpuMs += (user + system) / 1000;
}

async function recalls({ builder }: Contestant): Promise<Record<string, number>> {
  if (truthPath === undefined || count < train.rows) return {};
  const queries = readMatrix(queriesPath as string);
  const truth = readTruth(truthPath, topK);
  const reader = await attachReader(await builder.publish(), rows);
  const found: Record<string, number> = {};
  for (const ef of efSteps) {
    let hits = 0;
    truth.forEach((nearest, query) => {
      const answer = reader.search({ query: rowOf(queries, query), k: topK, effort: { ef } });
      for (const row of nearest) if (answer.hits.ordinals.includes(row)) hits++;
    });
    found[`recall_at_ef_${ef}`] = hits / truth.length / topK;
  }
  return found;
}

const one = await contestant("one");
const several = await contestant("several", helpers);
for (let round = 0; one.builder.indexed < count; round++) {
  for (const next of round % 2 === 0 ? [one, several] : [several, one]) await turn(next);
}
const results = [];
for (const done of [one, several]) {
  const result = {
    name: done.name,
    us_per_row: (done.ms * 1000) / count,
    cpu_us_per_row: (done.cpuMs * 1000) / count,
    cores: done.cpuMs / done.ms,
    ...(await recalls(done)),
  };
  results.push(result);
  console.log(result);
}
const ratio = one.ms / several.ms;
console.log(`${options.threads} threads: ${ratio.toFixed(2)} x the rows per second of one`);
if (options.json !== undefined) {
  writeFileSync(options.json, JSON.stringify({ machine: machine(), options, results, ratio }));
}
await pool.close();
rmSync(directory, { recursive: true });
