/**
 * Many seeds: `npm run sim -- --seeds 1000 --first 1 --jobs 2`. Prints what went wrong with the trace of the
 * run, and in the end what was done. Ends with 1 when there was a violation.
 */
import { parseArgs } from "node:util";
import type { Loader } from "../../src/runtime/index.js";
import { loadActorModules } from "./actor-modules.js";
import { clusterWorld } from "./cluster-world.js";
import { runJobs } from "./jobs.js";
import { mixNamed } from "./mix.js";
import type { Mix } from "./mix.js";
import { runSeed } from "./run-seed.js";
import { singleWorld } from "./single-world.js";
import { Totals, toldRun } from "./totals.js";
import type { Told } from "./totals.js";
import type { MakeWorld } from "./world.js";

const options = {
  seeds: { type: "string", default: "100" },
  first: { type: "string", default: "1" },
  /** Processes. */
  jobs: { type: "string", default: "1" },
  /** 0: one node that is no cluster. */
  nodes: { type: "string", default: "3" },
  /** 0: one or two, as the seed has it. */
  shards: { type: "string", default: "0" },
  replicas: { type: "string", default: "3" },
  operations: { type: "string", default: "80" },
  /** What seeds are about: see mix.ts. */
  mix: { type: "string", default: "any" },
  /** End at the first violation. */
  stop: { type: "boolean", default: false },
  /** Shards with more rows are split; default: none are. */
  "split-rows": { type: "string" },
  /** Print the trace of every run. */
  trace: { type: "boolean", default: false },
  /** Of a process among several: see jobs.ts. */
  stride: { type: "string" },
  last: { type: "string" },
} as const;

/** A line of progress after so many seeds. */
const progressSeeds = 100;

const { values } = parseArgs({ options });
const first = Number(values.first);
if (values.stride === undefined) await runAll();
else await runRange(Number(values.stride), Number(values.last), (told) => process.send?.(told));

async function runAll(): Promise<void> {
  const totals = new Totals();
  const onRun = (told: Told): void => {
    totals.add(told);
    if (told.lines.length > 0) console.log(told.lines.join("\n"));
    if (totals.seeds % progressSeeds === 0) console.error(progress(totals));
  };
  const [jobs, last] = [Number(values.jobs), first + Number(values.seeds) - 1];
  if (jobs > 1) await runJobs({ first, last }, jobs, onRun);
  else await runRange(1, last, onRun);
  console.log(JSON.stringify(totals.summary(), undefined, 2));
  process.exitCode = totals.failed.length > 0 ? 1 : 0;
}

async function runRange(
  stride: number,
  last: number,
  onRun: (told: Told) => unknown,
): Promise<void> {
  const load = await loadActorModules();
  for (let seed = first; seed <= last; seed += stride) {
    const before = process.cpuUsage();
    const mix = mixNamed(values.mix, seed);
    const makeWorld = worldOf(load, mix);
    const run = await runSeed({ seed, mix, makeWorld, operations: Number(values.operations) });
    const { user, system } = process.cpuUsage(before);
    onRun(toldRun(run, (user + system) / 1000, values.trace));
    if (values.stop && run.violations.length > 0) break;
  }
  if (process.connected) process.disconnect();
}

function worldOf(load: Loader, mix: Mix): MakeWorld {
  const nodes = Number(values.nodes);
  const rows = values["split-rows"];
  const splitRows = rows === undefined ? undefined : Number(rows);
  if (nodes === 0) return singleWorld({ load, splitRows, mix });
  const [shards, replicas] = [Number(values.shards), Number(values.replicas)];
  return clusterWorld({ load, nodes, shards, replicas, mix, splitRows });
}

function progress(totals: Totals): string {
  const failed = totals.failed.length === 0 ? "" : `, failed: ${totals.failed.join(" ")}`;
  return `${new Date().toISOString()} ${totals.seeds} seeds${failed}`;
}
