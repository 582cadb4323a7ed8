/**
 * What one node knows of the cluster, and how it changes what all agree on. A node of its own has one
 * too, in which it is alone; nobody above this interface can tell the difference.
 */
import type { CollectionSettings } from "../protocol/index.js";
import type { CollectionMap } from "./cluster-map.js";
import type { ShardChange } from "./shard-change.js";

export type NodeState = "alive" | "suspect" | "dead";

export interface NodeView {
  readonly id: string;
  /** Where clients reach it. */
  readonly address: string;
  readonly pid: number;
  readonly state: NodeState;
}

export interface ClusterView {
  /** The id of this node. */
  readonly self: string;
  nodes(): readonly NodeView[];
  /** Whether a message to the node has a chance now; this node itself always is. */
  isAlive(node: string): boolean;
  /** The name of a node's main host, for addresses: its hub. */
  hubOf(node: string): string;
  collections(): readonly CollectionMap[];
  collection(name: string): CollectionMap | undefined;
  /** How many replicas the shards of a collection have when its creator says nothing. */
  readonly replicationFactorDefault: number;
  /**
   * Makes a collection; the one that is there, if its settings are the same. Other nodes hear of it a
   * moment later. Errors: `ALREADY_EXISTS`, `TOO_LARGE`, `NOT_ENOUGH_REPLICAS` (fewer nodes than the
   * replication factor), `INVALID_ARGUMENT`.
   */
  create(settings: CollectionSettings): Promise<CollectionMap>;
  /** Errors: `COLLECTION_NOT_FOUND`. */
  drop(name: string): Promise<void>;
  /**
   * Replaces a shard by what `change` makes of it, one or two; repeated when another node was faster.
   * `change` answers undefined when there is nothing to change any more.
   */
  changeShard(collection: string, shard: number, change: ShardChange): Promise<CollectionMap>;
  /** Calls `listener` after each change of collections, or of who is alive, until ended. */
  onChange(listener: () => void): () => void;
}
