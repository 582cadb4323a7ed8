/** What every way of writing needs, and how long one write may take. */
import { DvespError, invalid } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import type { HybridClock } from "../../consistency/index.js";
import type { ConsistencyLevel } from "../../protocol/index.js";
import type { CollectionAccess, ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { Hints } from "./hints.js";

export interface WriteParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Stamps versions and ballots: each of them once in the whole cluster. */
  readonly versions: HybridClock;
  readonly access: CollectionAccess;
  readonly hints: Hints;
}

/** One call of a caller, or one attempt at it that others may have to tell from the next. */
export interface Operation {
  /** Names it for ever: a replica applies it once, however often it hears of it. */
  readonly id: string;
  readonly level: ConsistencyLevel;
  /** Monotonic time of its deadline. */
  readonly endMs: number;
  /** How long replicas remember its outcome; undefined: 10 minutes. */
  readonly remember_ms?: number;
}

/** How long after its deadline a write's fate is inquired into. */
export const settleMs = 5000;

export function shardOf({ access }: WriteParts, id: number): ShardAccess {
  const found = access.shards().find(({ shard }) => shard.id === id);
  if (found) return found;
  throw invalid("the shard was split meanwhile: the write must begin anew", "collection");
}

/** Those whose word counts: they have all that was acknowledged to them. */
export function counted(shard: ShardAccess): ReplicaAccess[] {
  return shard.replicas.filter(({ place }) => place.state === "active");
}

export function remainingMs(clock: Clock, endMs: number): number {
  return Math.max(0, endMs - clock.monotonic());
}

export function unknownOutcome(): DvespError {
  return new DvespError(
    "TIMEOUT",
    "the outcome of the write is unknown; ask again with the same idempotency_key",
  );
}
