/** What a replica answers to coordinators and to other replicas, message by message. */
import { unreachable } from "../../base/index.js";
import type { ReplicaMessage } from "./messages.js";
import type { Replica } from "./replica.js";
import type { ReplicationMessage } from "./replication-messages.js";

export type ReplicaQuestion =
  | Extract<ReplicaMessage, { type: "write" | "outcome" | "status" }>
  | Extract<ReplicationMessage, { type: "apply" | "merkle" | "merkle_leaves" | "bucket_entries" }>;

export function answerMessage(replica: Replica, message: ReplicaQuestion): unknown {
  switch (message.type) {
    case "write":
      return replica.write(message);
    case "outcome":
      return replica.outcome(message.operation_id);
    case "status":
      return replica.status();
    case "apply":
      return replica.apply(message);
    case "merkle":
      return replica.merkle();
    case "merkle_leaves":
      return replica.merkleLeaves();
    case "bucket_entries":
      return replica.bucketEntries(message.buckets);
    default:
      return unreachable(message);
  }
}
