/**
 * Where the rows of a collection lie: its shards, the part of the ids that each holds, and the nodes
 * with a replica of it. Kept in the cluster store under `collections/<name>`; every node has a copy.
 *
 * The shards of a collection cover all ids once. A shard's epoch is larger after each change of its
 * replicas, and a replica refuses who acts on an older one.
 */
import { createHash } from "node:crypto";
import { DvespError, present } from "../base/index.js";
import type { CollectionSettings, ConsistencyLevel } from "../protocol/index.js";

/**
 * `active`: has all that was acknowledged to it, and counts. `recovering`: belongs to the shard, but
 * lost its data or was empty, and is being filled: it takes writes and does not count for any level.
 * `joining`: as `recovering`, and not one of the shard's replicas yet: majorities are formed without it.
 */
export type ReplicaState = "active" | "recovering" | "joining";

export interface ReplicaPlace {
  readonly node: string;
  readonly state: ReplicaState;
  /** Of the data there: another one than the node has on disk means that it lost what it had. */
  readonly identity: string;
}

/** How a shard is becoming two: see shard-split.ts. */
export interface ShardSplit {
  /** Another one for each split: which one the halves on a node's disk belong to. */
  readonly name: string;
  /** Ids with a hash below this go to the first of the two. */
  readonly at: number;
  /** Ids of the two shards that it becomes: larger than all that the collection ever had. */
  readonly into: readonly [number, number];
  readonly phase: "filling" | "cutting";
}

export interface ShardPlaces {
  readonly id: number;
  /** Ids whose hash is in [from, to), of [0, 2^32), are here. */
  readonly from: number;
  readonly to: number;
  readonly epoch: number;
  readonly replicas: readonly ReplicaPlace[];
  /** It is about to become two. */
  readonly split?: ShardSplit;
}

export interface CollectionMap {
  readonly settings: CollectionSettings;
  /** Another one for each collection that ever had the name. */
  readonly uid: string;
  readonly shards: readonly ShardPlaces[];
  /** Ids below it were given to a shard, or a half, and are not given again; absent: nothing was split. */
  readonly ids_given?: number;
}

/** Where the cluster store keeps the maps: `collections/<name>`. */
export const collectionPrefix = "collections/";

export const hashEnd = 2 ** 32;

/** Of an id of 16 bytes: the same on every node, for ever. */
export function hashOfId(id: Uint8Array): number {
  return createHash("sha256").update(id).digest().readUInt32BE(0);
}

/** Shards that cover all ids in equal parts, without replicas. */
export function evenRanges(count: number): { id: number; from: number; to: number }[] {
  const cut = (index: number): number => Math.floor((hashEnd * index) / count);
  return Array.from({ length: count }, (_, id) => ({ id, from: cut(id), to: cut(id + 1) }));
}

/** The shard that holds the ids of a hash. */
export function shardOfHash(shards: readonly ShardPlaces[], hash: number): ShardPlaces {
  const found = shards.find(({ from, to }) => hash >= from && hash < to);
  return present(found, "a shard for every id");
}

/** Whether the node has a replica of the shard, whatever its state. */
export function hasReplicaOn({ replicas }: ShardPlaces, node: string): boolean {
  return replicas.some((one) => one.node === node);
}

/** How many replicas form a majority: of all that belong to the shard, whatever their state. */
export function majorityOf({ replicas }: ShardPlaces): number {
  return Math.floor(members(replicas) / 2) + 1;
}

/** How many replicas must have answered for a level. */
export function neededFor(level: ConsistencyLevel, shard: ShardPlaces): number {
  if (level === "ONE") return 1;
  return level === "QUORUM" ? majorityOf(shard) : members(shard.replicas);
}

function members(replicas: readonly ReplicaPlace[]): number {
  return replicas.filter(({ state }) => state !== "joining").length;
}

/** What who names a collection that is not in the map is told. */
export function collectionNotFound(name: string): DvespError {
  const message = `there is no collection ${name}`;
  return new DvespError("COLLECTION_NOT_FOUND", message, { field: "collection" });
}
