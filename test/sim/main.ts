/**
 * Many seeds, one after the other: `npm run sim -- --seeds 1000 --first 1`. Prints what went wrong with the
 * trace of the run, and in the end what was done. Ends with 1 when there was a violation.
 */
import { parseArgs } from "node:util";
import { loadActorModules } from "./actor-modules.js";
import { clusterWorld } from "./cluster-world.js";
import { runSeed } from "./run-seed.js";
import type { RunResult } from "./run-seed.js";
import { singleWorld } from "./single-world.js";
import type { MakeWorld } from "./world.js";

const options = {
  seeds: { type: "string", default: "100" },
  first: { type: "string", default: "1" },
  /** 0: one node that is no cluster. */
  nodes: { type: "string", default: "3" },
  shards: { type: "string", default: "2" },
  replicas: { type: "string", default: "3" },
  operations: { type: "string", default: "80" },
  /** Print the trace of every run. */
  trace: { type: "boolean", default: false },
} as const;

interface Totals {
  seeds: number;
  operations: number;
  answers: number;
  simulatedMs: number;
  readonly faults: Map<string, number>;
  readonly violations: Map<string, number>;
  readonly failed: number[];
}

const { values } = parseArgs({ options });
const load = await loadActorModules();
const totals: Totals = {
  ...{ seeds: 0, operations: 0, answers: 0, simulatedMs: 0 },
  ...{ faults: new Map(), violations: new Map(), failed: [] },
};
const last = Number(values.first) + Number(values.seeds);
for (let seed = Number(values.first); seed < last; seed++) {
  const result = await runSeed({
    seed,
    makeWorld: worldOf(),
    operations: Number(values.operations),
  });
  add(totals, result);
  if (result.violations.length > 0 || values.trace) tell(result);
}
console.log(JSON.stringify(summary(), undefined, 2));
process.exitCode = totals.failed.length > 0 ? 1 : 0;

function worldOf(): MakeWorld {
  const nodes = Number(values.nodes);
  if (nodes === 0) return singleWorld({ load });
  const [shards, replicas] = [Number(values.shards), Number(values.replicas)];
  return clusterWorld({ load, nodes, shards, replicas });
}

function add(
  sum: Totals,
  { seed, violations, begun, answered, faults, simulatedMs }: RunResult,
): void {
  sum.seeds++;
  sum.operations += begun;
  sum.answers += answered;
  sum.simulatedMs += simulatedMs;
  for (const [name, count] of faults) sum.faults.set(name, (sum.faults.get(name) ?? 0) + count);
  for (const { check } of violations) {
    sum.violations.set(check, (sum.violations.get(check) ?? 0) + 1);
  }
  if (violations.length > 0) sum.failed.push(seed);
}

function tell({ seed, violations, trace }: RunResult): void {
  console.log(trace.lines.map((line) => `seed ${seed}: ${line}`).join("\n"));
  for (const { check, message } of violations) console.log(`seed ${seed}: ${check}: ${message}`);
}

function summary(): object {
  const { faults, violations, simulatedMs, ...rest } = totals;
  return {
    ...rest,
    simulated_s: Math.round(simulatedMs / 1000),
    cpu_s: Math.round(process.cpuUsage().user / 1e5) / 10,
    faults: Object.fromEntries(faults),
    violations: Object.fromEntries(violations),
  };
}
