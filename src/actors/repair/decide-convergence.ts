/**
 * Up to which version all replicas of a shard have everything, and which tombstones they need no more.
 *
 * A comparison of all replicas shows that they hold the same of what was there when it began. A write
 * stamped earlier may still be on its way to the first of them, so only what is older than any write
 * under way is called converged; a batch that is staged and not decided holds it back, too.
 *
 * A tombstone guards against older rows that come late. Nothing older than the longest that a hint or a
 * write may take comes any more, and when all replicas have converged beyond it none holds such a row.
 * What is dropped follows from the time alone, in steps, so that all replicas drop the same ones.
 */
import { compareVersions, makeVersion, versionTime } from "../../consistency/index.js";
import type { Version } from "../../consistency/index.js";
import type { MerkleState } from "../replica/replication-messages.js";
import type { RepairLimits } from "./limits.js";

export interface ConvergenceFacts {
  /** Wall time before the first of all replicas was compared. */
  readonly beganMs: number;
  /** Of all replicas, before they were compared. */
  readonly states: readonly MerkleState[];
  /** Versions of the batches that wait for a decision on any replica, as of then. */
  readonly staged: readonly Version[];
  /** What they were last told to drop. */
  readonly dropped: Version;
}

export interface Convergence {
  readonly version: Version;
  /** Tombstones up to here may go. */
  readonly drop: Version;
}

/** Saying it costs each replica a commit: not for less than this. */
const worthMs = 10_000;

/** Undefined when the replicas know it all, or as good as all. */
export function decideConvergence(
  { beganMs, states, staged, dropped }: ConvergenceFacts,
  limits: RepairLimits,
): Convergence | undefined {
  const version = least([stampAt(beganMs - limits.underWayMs), ...staged.map(before)]);
  const drop = least([version, dropBefore(beganMs, limits)]);
  const known = least(states.map(({ converged_version }) => converged_version));
  const newest = states.map(({ applied_version }) => applied_version).sort(compareVersions);
  const isNews = (newest.at(-1) ?? "") > known && ageMs(version, known) >= worthMs;
  return isNews || drop > dropped ? { version, drop } : undefined;
}

/** Tombstones up to here guard against nothing any more, whatever is still on its way. */
function dropBefore(nowMs: number, { hintMs, underWayMs, dropEveryMs }: RepairLimits): Version {
  const limitMs = nowMs - hintMs - 2 * underWayMs;
  return stampAt(Math.floor(limitMs / dropEveryMs) * dropEveryMs);
}

/** Smaller than every version stamped from then on. */
function stampAt(timeMs: number): Version {
  return timeMs <= 0 ? "" : makeVersion(Math.floor(timeMs), 0, "0");
}

/** Smaller than `version`. */
function before(version: Version): Version {
  return stampAt(versionTime(version) - 1);
}

function least(versions: readonly Version[]): Version {
  return versions.reduce((a, b) => (compareVersions(a, b) <= 0 ? a : b));
}

function ageMs(later: Version, earlier: Version): number {
  if (later <= earlier) return 0;
  return earlier === "" ? Infinity : versionTime(later) - versionTime(earlier);
}
