/** What every way of writing needs. */
import { DvespError, invalid, present } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import type { HybridClock } from "../../consistency/index.js";
import { counted } from "../replicas/access.js";
import type { CollectionAccess, ShardAccess } from "../replicas/access.js";
import type { Hints } from "./hints.js";

export interface WriteParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Stamps versions and ballots: each of them once in the whole cluster. */
  readonly versions: HybridClock;
  readonly access: CollectionAccess;
  readonly hints: Hints;
}

/** How long after its deadline a write's fate is inquired into. */
export const settleMs = 5000;

export function shardOf({ access }: WriteParts, id: number): ShardAccess {
  const found = access.shards().find(({ shard }) => shard.id === id);
  if (found) return found;
  throw invalid("the shard was split meanwhile: the write must begin anew", "collection");
}

/** The shard that holds a place, a hash of ids: it finds what was left there, however shards were cut since. */
export function shardAt({ access }: WriteParts, place: number): ShardAccess {
  const found = access.shards().find(({ shard: { from, to } }) => place >= from && place < to);
  return present(found, "a shard for every place");
}

export function nodesOf(shard: ShardAccess): string[] {
  return counted(shard).map(({ place }) => place.node);
}

export function unknownOutcome(): DvespError {
  return new DvespError(
    "TIMEOUT",
    "the outcome of the write is unknown; ask again with the same idempotency_key",
  );
}
