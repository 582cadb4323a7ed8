/** What every way of writing needs. */
import { DvespError, isDvespError, present } from "../../base/index.js";
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

/** The shard that a write went to was split meanwhile: it must look anew where its rows lie. */
export class ShardWasSplit extends Error {
  constructor() {
    super("the shard was split");
  }
}

/** Errors: `ShardWasSplit`. */
export function shardOf({ access }: WriteParts, id: number): ShardAccess {
  const found = access.shards().find(({ shard }) => shard.id === id);
  if (found) return found;
  throw new ShardWasSplit();
}

/** Whether the collection is there, and has not this shard any more. */
export function wasSplit({ access }: WriteParts, id: number): boolean {
  try {
    return !access.shards().some(({ shard }) => shard.id === id);
  } catch (error) {
    if (isDvespError(error)) return false;
    throw error;
  }
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
