/** What a replica answers to coordinators and to other replicas, message by message. */
import { unreachable } from "../../base/index.js";
import type { CopyMessage } from "./copy-messages.js";
import type { ReplicaMessage } from "./messages.js";
import type { Replica } from "./replica.js";
import type { ReplicationMessage } from "./replication-messages.js";

export type ReplicaQuestion =
  | Extract<ReplicaMessage, { type: "write" | "outcome" | "status" }>
  | ReplicationMessage
  | CopyMessage;

/** `dueMs`: steady time at which nobody waits for the answer any more. */
export function answerMessage(replica: Replica, message: ReplicaQuestion, dueMs?: number): unknown {
  switch (message.type) {
    case "write":
      return replica.write(message, dueMs);
    case "outcome":
      return replica.outcome(message.operation_id);
    case "status":
      return replica.status();
    case "prepare":
      return replica.prepare(message);
    case "stage":
      return replica.stage(message);
    case "decide":
      return replica.decide(message);
    case "staged":
      return replica.staged();
    case "register_prepare":
      return replica.registerPrepare(message);
    case "register_accept":
      return replica.registerAccept(message);
    case "registers":
      return replica.registers(message);
    case "learn_registers":
      return replica.learnRegisters(message.registers);
    case "fence":
      return replica.fence(message.epoch);
    case "floor":
      return replica.floor(message.version);
    case "converged":
      return replica.converged(message);
    case "apply":
      return replica.apply(message);
    case "merkle":
      return replica.merkle();
    case "merkle_leaves":
      return replica.merkleLeaves();
    case "bucket_counts":
      return replica.bucketCounts();
    case "damaged":
      return replica.damaged(message);
    case "bucket_entries":
      return replica.bucketEntries(message.buckets);
    default:
      return answerCopy(replica, message);
  }
}

function answerCopy(replica: Replica, message: CopyMessage): unknown {
  switch (message.type) {
    case "copy_begin":
      return replica.beginCopy(message.copy);
    case "copy_rows":
      return replica.source.rows(message);
    case "copy_tombstones":
      return replica.source.tombstones(message);
    case "copy_operations":
      return replica.source.operations(message);
    case "copy_changes":
      return replica.source.changes(message);
    case "copy_memory":
      return replica.source.memory();
    case "take_copy":
      return replica.takeCopy(message);
    case "take_memory":
      return replica.takeMemory(message.memory);
    default:
      return unreachable(message);
  }
}
