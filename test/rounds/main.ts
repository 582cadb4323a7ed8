/**
 * The simulation's clients and checks over real processes: `npm run rounds -- --rounds 10 --seconds 20`.
 * Prints a line for each round, what went wrong with the trace of the row concerned, and in the end what
 * was done. Ends with 1 when there was a violation.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FaultyCluster } from "../../bench/faulty-cluster.js";
import { connectAll } from "./clients.js";
import { runRound, sumOf } from "./round.js";
import type { RoundResult } from "./round.js";
import { rowTrace } from "./row-trace.js";

const options = {
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "20" },
  /** Seed of the first round. */
  first: { type: "string", default: "1" },
  port: { type: "string", default: "7500" },
  /** Directory for the whole traces of rounds with a violation. */
  traces: { type: "string" },
} as const;

const { values } = parseArgs({ options });
const toldLinesMax = 150;
const done: RoundResult[] = [];

function tell(result: RoundResult): void {
  console.log(JSON.stringify(summary([result])));
  const { seed, violations, trace } = result;
  for (const { check, message } of violations) {
    console.log(`seed ${seed}: ${check}: ${message}`);
    const row = /^([0-9a-f]{8}): /.exec(message)?.[1];
    if (row === undefined) continue;
    for (const line of rowTrace(trace.lines, row).slice(-toldLinesMax)) console.log(`  ${line}`);
  }
  if (violations.length === 0 || values.traces === undefined) return;
  writeFileSync(join(values.traces, `round-${seed}.txt`), trace.lines.join("\n"));
}

function summary(results: readonly RoundResult[]): object {
  const sum = (of: (result: RoundResult) => number): number =>
    results.reduce((total, one) => total + of(one), 0);
  const failed = results.filter(({ violations }) => violations.length > 0);
  return {
    ...(results.length === 1 ? { seed: results[0]!.seed } : { rounds: results.length }),
    operations: sum(({ operations }) => operations),
    outcomes: Object.fromEntries(sumOf(results.map(({ outcomes }) => outcomes))),
    faults: Object.fromEntries(sumOf(results.map(({ faults }) => faults))),
    settled_ms_max: Math.max(...results.map(({ settledMs }) => settledMs)),
    violations: sum(({ violations }) => violations.length),
    ...(failed.length > 0 ? { failed_seeds: failed.map(({ seed }) => seed) } : {}),
  };
}

const cluster = await FaultyCluster.start(3, Number(values.port));
const clients = connectAll(cluster);
try {
  const first = Number(values.first);
  for (let seed = first; seed < first + Number(values.rounds); seed++) {
    const result = await runRound({ seed, seconds: Number(values.seconds), cluster, clients });
    done.push(result);
    tell(result);
  }
} finally {
  await Promise.all(clients.map(({ store }) => store.close()));
  await cluster.stop();
}
console.log(JSON.stringify({ total: summary(done) }, undefined, 2));
process.exitCode = done.some(({ violations }) => violations.length > 0) ? 1 : 0;
