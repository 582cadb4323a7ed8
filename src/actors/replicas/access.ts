/**
 * The replicas of a collection's shards as coordinators see them: on whichever node they are, they are
 * asked in the same way. What is known of a shard (its replicas, their states, who is alive) may change
 * between two looks; coordinators look once per attempt.
 */
import type { ReplicaPlace, ShardPlaces } from "../../cluster/index.js";
import type { CollectionSettings } from "../../protocol/index.js";
import type { AskResult } from "../../runtime/index.js";
import type { ReplicaMessage } from "../replica/messages.js";
import type { ReplicationMessage } from "../replica/replication-messages.js";
import type { SearcherMessage } from "../searcher/messages.js";
import type { ShardStatus } from "../shard/messages.js";

export interface ReplicaAccess {
  readonly place: ReplicaPlace;
  /** Whether it is on this node. */
  readonly local: boolean;
  /** Whether a question has a chance of an answer now. */
  isAlive(): boolean;
  /**
   * Asks the actor that writes. Ends as `gone` at once when its node is not alive; when only the actor is
   * gone, what does not write rows is asked again.
   */
  ask<Answer>(
    message: ReplicaMessage | ReplicationMessage,
    timeoutMs: number,
  ): Promise<AskResult<Answer>>;
  /** Asks one of those that only read, the least busy; again, when it is gone before it answered. */
  read<Answer>(message: SearcherMessage, timeoutMs: number): Promise<AskResult<Answer>>;
  /** Reads under way: who has fewer is less busy. */
  readonly outstanding: number;
  /** What it says of itself. */
  status(timeoutMs: number): Promise<AskResult<ShardStatus>>;
}

export interface ShardAccess {
  readonly shard: ShardPlaces;
  /** This node's own first, then those alive, then the others. */
  readonly replicas: readonly ReplicaAccess[];
}

export interface CollectionAccess {
  readonly settings: CollectionSettings;
  /** As the map stands now. Errors: `COLLECTION_NOT_FOUND` when it was dropped, `CLOSED`. */
  shards(): readonly ShardAccess[];
  /** Resolves when a newer map than `epoch` of the shard is here, or after a bounded wait. */
  newer(shard: number, epoch: number): Promise<void>;
}

/** Those whose word counts: they have all that was acknowledged to them. */
export function counted({ replicas }: ShardAccess): ReplicaAccess[] {
  return replicas.filter(({ place }) => place.state === "active");
}

/** Those that count, and of which a question has a chance of an answer now. */
export function usable(shard: ShardAccess): ReplicaAccess[] {
  return counted(shard).filter((one) => one.isAlive());
}
