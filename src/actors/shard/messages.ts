/** What the actor of a shard is asked, on the main host of each node that has a replica of it. */
import type { CollectionBytes, DistanceMetric } from "../../protocol/index.js";
import type { Address } from "../../runtime/index.js";

export type ShardMessage =
  /** Answered by `ShardAddresses`. */
  | { readonly type: "addresses" }
  /** Answered by `ShardStatus`. */
  | { readonly type: "status" };

/** Whom coordinators of other nodes ask directly. */
export interface ShardAddresses {
  readonly replica: Address;
  readonly searchers: readonly Address[];
}

/** One replica of a shard as it stands. */
export interface ShardStatus {
  readonly rows: number;
  readonly root: string;
  readonly applied_version: string;
  /** Rows that each index covers, that by the collection's own metric first. */
  readonly indexed: readonly {
    readonly distance_metric: DistanceMetric;
    readonly indexed_rows: number;
  }[];
  readonly bytes: CollectionBytes;
}

/** The name of a shard's actor. */
export function shardName(collection: string, shard: number): string {
  return `shard/${collection}/${shard}`;
}
