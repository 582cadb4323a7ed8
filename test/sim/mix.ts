/**
 * What a seed is about. Most are of the standard mix, where anything may fail. Some look closer:
 *
 * - `contended`: more clients write conditionally to two rows, most without a key, so that promises meet.
 * - `hinted`: links are cut and nodes stand still, and replicas are not compared: whatever was acknowledged has
 *   to reach all of them by hints, and soon.
 * - `replaced`: one machine loses its disk, once, and is filled slowly, while what others missed comes without
 *   hints. Writes at ONE, which may go with the disk, are left out.
 * - `orphaned`: who coordinates a batch, or has just committed, dies at exactly that step.
 * - `aged`: what takes hours elsewhere takes seconds, so that tombstones go; nodes are away for long.
 * - `split`: shards are split all the time, and crashes strike at the steps of a cut.
 * - `blinded`: as `split`, but nodes lose sight of the map exactly when a shard is cut, and at times of each other.
 *   What was written is read with its token at once, and calls are sent again long after they were answered.
 * - `moved`: nodes are added and taken out. Writes at ONE may go with a node that is cut off meanwhile, and are
 *   left out.
 * - `handed`: rows are inserted at ONE while replicas are moved, through a node that reaches only who is to go; nothing
 *   but the handover brings them to the others. No node is ever away, so that none is left out.
 */
import { repairLimits } from "../../src/actors/index.js";
import type { RepairLimits } from "../../src/actors/index.js";
import type { CrashChances } from "./crash-points.js";
import type { SightChances } from "./lost-sight.js";

export const mixes = [
  ...(["standard", "contended", "hinted", "replaced"] as const),
  ...(["orphaned", "aged", "split", "blinded", "moved", "handed"] as const),
];
export type Mix = (typeof mixes)[number];

export interface MixSpec {
  readonly idCount: number;
  readonly clients: number;
  /** So many times as many operations as elsewhere. */
  readonly operationsFactor?: number;
  /** Most operations are conditional writes of single rows. */
  readonly isContended?: boolean;
  /** Nothing but inserts and reads, at ONE. */
  readonly isWeak?: boolean;
  /** Default: yes. */
  readonly writesAtOne?: boolean;
  /** After so many operations some earlier write is read at ONE, with its token; default: none. */
  readonly readBackShare?: number;
  /** After so many operations a call with a key that was acknowledged is sent again; default: none. */
  readonly againShare?: number;
  /** Of inserts so many are large ones; default 0.3. */
  readonly batchShare?: number;
  /** Default: one or two. */
  readonly shards?: number;
  /** How much longer clients rest than elsewhere. */
  readonly restFactor?: number;
  /** What callers allow a node at most, in milliseconds. */
  readonly timeoutMsMax?: number;
  /** Default: those of a node. */
  readonly repair?: RepairLimits;
  /** Replicas are not compared, so that everything is to come by hints within this time. */
  readonly hintedMs?: number;
  /** Wall clocks are so far off when they are set; default 10 s. */
  readonly jumpMsMax?: number;
  /** Only these faults; default: all. */
  readonly only?: ReadonlySet<string>;
  /** Between two of them at most, in milliseconds; default 400. */
  readonly faultPauseMsMax?: number;
  /** How much longer machines are away than elsewhere. */
  readonly awayFactor?: number;
  readonly losesDisk?: boolean;
  readonly comesAndGoes?: boolean;
  /** Nodes beside those that there are anyway; default: one where nodes come and go, else none. */
  readonly moreNodes?: number;
  readonly crashes?: CrashChances;
  readonly lostSight?: SightChances;
  readonly splitRows?: number;
  /** How long a cut leaves writes that are under way to end by themselves, in milliseconds; default 20. */
  readonly cutGraceMs?: number;
}

const usual = { idCount: 12, clients: 4 };

/** Replicas are compared too late to be of any help: what they missed has to come by hints. */
const hintsAlone = { ...repairLimits, roundMs: 3_600_000, graceMs: 60_000 };
/** What takes nothing from a coordinator that owes somebody a hint. */
const outages = new Set(["standstill", "cut_link", "cut_one_way", "isolated", "reset", "swizzle"]);

/** Neither hints nor comparisons come before replicas have moved. */
const handoverAlone = { ...repairLimits, roundMs: 20_000, hintMs: 0 };

/** A dozen rows take seconds, and no hint is ever young enough to be given. */
const slowly = { ...repairLimits, bytesPerSecond: 200, hintMs: 0 };

/**
 * No write of this mix arrives for the first time longer after its stamp than: a caller's time (1.5 s), what is
 * left to learn the outcome and to tell it (6 s), what a link may hold back (5 s), and what clocks differ (1 s).
 */
const aging = {
  ...{ ...repairLimits, roundMs: 300, graceMs: 100 },
  ...{ underWayMs: 14_000, hintMs: 3000, dropEveryMs: 1000 },
};

export const mixSpecs: Readonly<Record<Mix, MixSpec>> = {
  standard: usual,
  contended: { idCount: 2, clients: 6, isContended: true },
  hinted: { ...usual, repair: hintsAlone, hintedMs: 30_000, only: outages },
  replaced: { ...usual, writesAtOne: false, losesDisk: true, repair: slowly },
  // Rows stay as they are for long, so that half of a batch is seen.
  orphaned: {
    ...{ idCount: 40, clients: 4, batchShare: 0.8, shards: 2 },
    crashes: { steps: { stage: 0.04, register: 0.04, key: 0.005, decide: 0.02, outcome: 0.02 } },
  },
  aged: {
    ...{ idCount: 30, clients: 4, batchShare: 0.6, restFactor: 60, timeoutMsMax: 1500 },
    ...{ repair: aging, jumpMsMax: 400, awayFactor: 20 },
    // What is decided and not done yet holds tombstones back.
    crashes: { steps: { register: 0.06, decide: 0.06 } },
  },
  // While a node is away nothing is split: most of the time none is, so that cuts meet writes.
  split: {
    ...usual,
    clients: 6,
    restFactor: 3,
    faultPauseMsMax: 2500,
    splitRows: 2,
    crashes: { whileCutting: 0.004, map: 0.03 },
  },
  // Cuts take long enough for writes to meet them, and comparisons are late, so that what a cut left out is missed.
  blinded: {
    ...{ idCount: 24, clients: 8, restFactor: 3, readBackShare: 1, againShare: 0.15 },
    ...{ repair: { ...repairLimits, roundMs: 10_000 }, splitRows: 3, cutGraceMs: 120 },
    ...{ only: new Set(["kill", "cut_link", "reset"]), faultPauseMsMax: 5000 },
    lostSight: { cutting: 0.6 },
  },
  moved: {
    ...{ ...usual, writesAtOne: false, restFactor: 3, comesAndGoes: true },
    crashes: { steps: { standing: 0.02 } },
  },
  handed: {
    ...{ idCount: 200, clients: 6, isWeak: true, shards: 1, restFactor: 3, operationsFactor: 3 },
    ...{ repair: handoverAlone },
    ...{ comesAndGoes: true, moreNodes: 2, faultPauseMsMax: 1000 },
    ...{ only: new Set(["node_added", "node_drained"]), lostSight: { leaving: 0.8 } },
  },
};

const bySeed: readonly Mix[] = [
  ...(["standard", "standard", "standard", "contended"] as const),
  ...(["standard", "replaced", "standard", "hinted"] as const),
  ...(["blinded", "split", "moved", "contended"] as const),
  ...(["handed", "orphaned", "split", "aged"] as const),
];

export function mixOf(seed: number): Mix {
  return bySeed[seed % bySeed.length] ?? "standard";
}

/** A name, or "any": as the seed has it. */
export function mixNamed(name: string, seed: number): Mix {
  if (name === "any") return mixOf(seed);
  const found = mixes.find((one) => one === name);
  if (!found) throw new Error(`no mix ${name}: ${mixes.join(", ")}, or any`);
  return found;
}
