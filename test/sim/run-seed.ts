/** One run from a seed: a world, clients, faults, and in the end the checks of a world at rest. */
import { isDvespError, randomUuid, seededRandom } from "../../src/base/index.js";
import { Checker } from "./checker.js";
import { Faults } from "./faults.js";
import type { ReadRecord, Violation } from "./history.js";
import { SimTime } from "./sim-time.js";
import { fork } from "./single-world.js";
import { Trace } from "./trace.js";
import { Workload } from "./workload.js";
import type { MakeWorld, World } from "./world.js";

export interface RunOptions {
  readonly seed: number;
  readonly makeWorld: MakeWorld;
  /** Of all clients; default 80. */
  readonly operations?: number;
}

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly begun: number;
  readonly answered: number;
  /** How many of each kind. */
  readonly faults: ReadonlyMap<string, number>;
  readonly simulatedMs: number;
  readonly trace: Trace;
}

const idCount = 12;
const clients = 4;
const faultsAtOnceMax = 2;
const faultPauseMsMax = 400;
/** Refusals that a caller has to live with while things are broken. */
const refusals = new Set([
  "TIMEOUT",
  "NOT_ENOUGH_REPLICAS",
  "OVERLOADED",
  "CLOSED",
  "STORAGE_FULL",
  "VERSION_CONFLICT",
]);

export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { seed, makeWorld, operations = 80 } = options;
  const random = seededRandom(seed);
  const time = new SimTime();
  const beganMs = time.now();
  const trace = new Trace(() => time.now());
  const world = await makeWorld({ time, random: fork(random), trace });
  const ids = Array.from({ length: idCount }, () => randomUuid(random));
  const checker = new Checker({ ids, replicas: world.replicas });
  const { clock } = time;
  const { endpoints } = world;
  const mayRefuse = (code: string): boolean => refusals.has(code);
  const session = { clock, random: fork(random), ids, checker, trace, endpoints, mayRefuse };
  const workload = new Workload({ ...session, clients, operations });
  const plan = { atOnceMax: faultsAtOnceMax, pauseMsMax: faultPauseMsMax };
  const faults = new Faults({ clock, random: fork(random), trace, kinds: world.faults, ...plan });
  const stages: [string, () => Promise<unknown>][] = [
    ["clients", () => time.until(workload.run())],
    ["mending", () => time.until(faults.stop())],
    ["settling", () => world.settle(checker)],
    ["last reads", () => readEverywhere(world, workload, checker, ids, time)],
    ["closing", () => world.close()],
  ];
  void faults.run();
  await inTurn(stages, checker);
  const { begun, answered } = workload.counts;
  const simulatedMs = time.now() - beganMs;
  const { violations } = checker;
  return { seed, violations, begun, answered, faults: faults.counts, simulatedMs, trace };
}

/** A stage that does not end, or that ends as an error, is a violation; what follows is not done then. */
async function inTurn(
  stages: readonly (readonly [string, () => Promise<unknown>])[],
  checker: Checker,
): Promise<void> {
  for (const [name, stage] of stages) {
    try {
      await stage();
    } catch (error) {
      const isHanging = isDvespError(error) && error.code === "TIMEOUT";
      checker.fail(isHanging ? "hang" : "crash", `${name}: ${String(error)}`);
      return;
    }
  }
}

/** Through every node, at the lowest level: now all have all. */
async function readEverywhere(
  { endpoints }: World,
  { reads }: Workload,
  checker: Checker,
  ids: readonly string[],
  time: SimTime,
): Promise<void> {
  let first: ReadRecord | undefined;
  for (const endpoint of endpoints) {
    const read = await time.until(reads.get(endpoint, { ids, level: "ONE" }));
    if (!read) {
      checker.fail("unavailable", `${endpoint.name} does not answer after all was mended`);
      continue;
    }
    checker.final(read);
    first ??= read;
    for (const [id, row] of read.rows) {
      if (row?.version === first.rows.get(id)?.version) continue;
      checker.fail("not_alike", `${first.node} and ${read.node} differ in ${id}`);
    }
  }
}
