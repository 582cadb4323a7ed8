/**
 * The simulation's clients and checks over real processes: `npm run rounds -- --rounds 10 --seconds 20`.
 * Prints a line for each round, what went wrong with the trace of the row concerned, and in the end what
 * was done. Ends with 1 when there was a violation. With a file of results a run goes on where an
 * earlier one ended.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FaultyCluster } from "../../bench/faulty-cluster.js";
import { connectAll } from "./clients.js";
import { Results } from "./results.js";
import { runRound } from "./round.js";
import type { RoundResult } from "./round.js";
import { rowTrace } from "./row-trace.js";

const options = {
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "20" },
  /** Seed of the first round. */
  first: { type: "string", default: "1" },
  port: { type: "string", default: "7500" },
  /** No round begins after that. */
  minutes: { type: "string", default: "Infinity" },
  /** File of a line for each round. */
  results: { type: "string" },
  /** Directory for the whole traces of rounds with a violation. */
  traces: { type: "string" },
} as const;

const { values } = parseArgs({ options });
const endMs = performance.now() + Number(values.minutes) * 60_000;
const toldLinesMax = 150;
let failed = false;

function tell({ seed, violations, trace }: RoundResult): void {
  for (const { check, message } of violations) {
    console.log(`seed ${seed}: ${check}: ${message}`);
    const row = /^([0-9a-f]{8}): /.exec(message)?.[1];
    if (row === undefined) continue;
    for (const line of rowTrace(trace.lines, row).slice(-toldLinesMax)) console.log(`  ${line}`);
  }
  if (violations.length === 0 || values.traces === undefined) return;
  writeFileSync(join(values.traces, `round-${seed}.txt`), trace.lines.join("\n"));
}

const results = new Results(values.results);
const cluster = await FaultyCluster.start(3, Number(values.port));
const clients = connectAll(cluster);
try {
  const first = Number(values.first);
  for (let seed = first; seed < first + Number(values.rounds); seed++) {
    if (results.has(seed) || performance.now() > endMs) continue;
    const result = await runRound({ seed, seconds: Number(values.seconds), cluster, clients });
    const { violations, ...line } = results.add(result);
    console.log(JSON.stringify({ ...line, violations: violations.length }));
    tell(result);
    failed ||= violations.length > 0;
  }
} finally {
  await Promise.all(clients.map(({ store }) => store.close()));
  await cluster.stop();
}
console.log(JSON.stringify({ total: results.total() }, undefined, 2));
process.exitCode = failed ? 1 : 0;
