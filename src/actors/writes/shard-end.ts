/** What became of a write in one shard. */
import type { WriteOutcome } from "../replica/messages.js";
import { keysOf, pickWhere } from "../replica/packed-rows.js";
import type { Acknowledged } from "./round.js";

export interface ShardEnd {
  readonly shard: number;
  readonly status: "success" | "partial";
  readonly version: string;
  /** Nodes whose replicas acknowledged it. */
  readonly nodes: readonly string[];
  /** Merkle root of the shard where it was acknowledged first. */
  readonly root: string;
  /** Ids asked for that no replica had, 16 bytes each. */
  readonly missing: Uint8Array;
}

export function shardEnd(
  shard: number,
  status: "success" | "partial",
  done: readonly Acknowledged<WriteOutcome>[],
): ShardEnd {
  const outcomes = done.map(({ answer }) => answer);
  const version = outcomes.reduce((best, one) => (one.version > best ? one.version : best), "");
  return {
    shard,
    status,
    version,
    nodes: done.map(({ node }) => node),
    root: outcomes[0]?.root ?? "",
    missing: missingEverywhere(outcomes),
  };
}

/** Only what all replicas lacked is missing: another one may have had it. */
function missingEverywhere(outcomes: readonly WriteOutcome[]): Uint8Array {
  const [first = new Uint8Array(0), ...others] = outcomes.map(({ missing }) => missing);
  if (first.length === 0 || others.length === 0) return first;
  const sets = others.map((ids) => new Set(keysOf(ids)));
  return pickWhere(first, (key) => sets.every((set) => set.has(key)));
}
