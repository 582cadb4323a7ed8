/** One run from a seed: a world, clients, faults, and in the end the checks of a world at rest. */
import { isDvespError, randomUuid, seededRandom } from "../../src/base/index.js";
import { Checker } from "./checker.js";
import { Faults, refusalsByFaults } from "./faults.js";
import type { Violation } from "./history.js";
import { lastReads } from "./last-reads.js";
import { lastWrites } from "./last-writes.js";
import { collection } from "./requests.js";
import { mixSpecs } from "./mix.js";
import type { Mix } from "./mix.js";
import { SimTime } from "./sim-time.js";
import { fork } from "./single-world.js";
import { Trace } from "./trace.js";
import { Workload } from "./workload.js";
import type { MakeWorld } from "./world.js";

export interface RunOptions {
  readonly seed: number;
  readonly makeWorld: MakeWorld;
  /** Default: standard. */
  readonly mix?: Mix;
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
  readonly splits: number;
  readonly simulatedMs: number;
  readonly trace: Trace;
}

const faultsAtOnceMax = 2;
const faultPauseMsMax = 400;

export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { seed, makeWorld, operations = 80, mix = "standard" } = options;
  const { idCount, clients, isContended, writesAtOne, batchShare, ...pace } = mixSpecs[mix];
  const operationsMax = operations * (pace.operationsFactor ?? 1);
  const agreed = mixSpecs[mix].hintedMs === undefined;
  const random = seededRandom(seed);
  const time = new SimTime();
  const beganMs = time.now();
  const trace = new Trace(() => time.now());
  const world = await makeWorld({ time, random: fork(random), trace });
  const ids = Array.from({ length: idCount }, () => randomUuid(random));
  const checker = new Checker({ ids, replicas: world.replicas });
  const { clock } = time;
  const { endpoints } = world;
  const mayRefuse = (code: string): boolean => refusalsByFaults.has(code);
  const session = {
    ...{ isContended, isWeak: pace.isWeak, writesAtOne, batchShare },
    ...{ restFactor: pace.restFactor, timeoutMsMax: pace.timeoutMsMax },
    ...{ readBackShare: pace.readBackShare, againShare: pace.againShare },
    ...{ clock, random: fork(random), ids, checker, trace, endpoints, mayRefuse, collection },
  };
  const workload = new Workload({ ...session, clients, goesOn: (begun) => begun < operationsMax });
  const pauseMsMax = mixSpecs[mix].faultPauseMsMax ?? faultPauseMsMax;
  const plan = { atOnceMax: faultsAtOnceMax, pauseMsMax };
  const faults = new Faults({ clock, random: fork(random), trace, kinds: world.faults, ...plan });
  const stages: [string, () => Promise<unknown>][] = [
    ["clients", () => time.until(workload.run())],
    ["mending", () => time.until(faults.stop())],
    ["settling", () => world.settle(checker)],
    [
      "last reads",
      () => time.until(lastReads(workload.reads, { endpoints, checker, ids, agreed })),
    ],
    ["last writes", () => time.until(lastWrites({ endpoints, checker, ids, clock }))],
    ["closing", () => world.close()],
  ];
  world.strikes?.((kind) => faults.strike(kind));
  void faults.run();
  await inTurn(stages, checker);
  const { begun, answered } = workload.counts;
  const simulatedMs = time.now() - beganMs;
  const { violations } = checker;
  return {
    seed,
    violations,
    begun,
    answered,
    faults: faults.counts,
    splits: world.splits?.() ?? 0,
    simulatedMs,
    trace,
  };
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
