/**
 * The figures that repair goes by. They are arguments, so that tests and simulations run hours of them
 * in moments; `repairLimits` is what a node uses.
 */
import { assert, limits } from "../../base/index.js";
import { clockDriftMsMax } from "../../consistency/index.js";

export interface RepairLimits {
  /** Between two rounds of a shard, varied by a quarter to either side. */
  readonly roundMs: number;
  /** A difference younger than this is a write under way: it is looked at again after as long. */
  readonly graceMs: number;
  /** A question that took longer has failed. */
  readonly askMs: number;
  /** Ids and versions of one step of a comparison. */
  readonly entriesPerStep: number;
  /** Contents of one step, about. */
  readonly bytesPerStep: number;
  /** Contents copied by this node in a second. */
  readonly bytesPerSecond: number;
  /** No write arrives for the first time this long after it was stamped. */
  readonly underWayMs: number;
  /** A hint older than this is never replayed. */
  readonly hintMs: number;
  /** Rows of a replica of this node that are looked at for damage in each round. */
  readonly scrubRows: number;
  /** Tombstones are dropped in steps of this, so that all replicas drop the same ones. */
  readonly dropEveryMs: number;
}

const mebi = 1024 * 1024;

export const repairLimits: RepairLimits = {
  roundMs: 2000,
  graceMs: 500,
  askMs: 10_000,
  entriesPerStep: 32_768,
  bytesPerStep: mebi,
  bytesPerSecond: 32 * mebi,
  underWayMs: limits.timeoutMsMax + clockDriftMsMax,
  hintMs: 3 * 3600 * 1000,
  scrubRows: 256,
  dropEveryMs: 600_000,
};

assert(repairLimits.graceMs < repairLimits.underWayMs, "a write under way is no old one");
