/** A write, as a piece of a commit: applied once, however often it is asked for. */
import { DvespError } from "../../base/index.js";
import { writeBytes } from "./write-queue.js";
import type { Done, Work } from "./write-queue.js";
import type { GroupPlan } from "./group-plan.js";
import type { WriteMessage } from "./messages.js";
import { blindWrite } from "./replicated-write.js";
import type { WriteReply } from "./replication-messages.js";

export function writeWork(message: WriteMessage): Work<WriteReply> {
  return { bytes: writeBytes(message.write), plan: (group) => planWrite(group, message) };
}

/**
 * A replicated write that comes again with a later stamp is applied again: the same contents, of a
 * version that is large enough on all replicas.
 */
function planWrite(group: GroupPlan, message: WriteMessage): Done<WriteReply> {
  const { operation_id, write, version, deadline_ms, replicated } = message;
  const known = group.known(operation_id);
  if (known && (!replicated || known.version >= version)) return known.outcome;
  if (group.nowMs >= deadline_ms) {
    throw new DvespError("TIMEOUT", "the deadline passed before the write began");
  }
  if (!replicated) return group.record(message, group.writes.add(write, version));
  const blind = blindWrite(write, version, group.rows.dimension);
  if (replicated.rule === "ordered") {
    const newest = group.writes.newestOf(blind.ids);
    if (newest > version) return () => ({ refused: "behind", version: newest });
  }
  return group.record(message, group.writes.addBlind(blind, version));
}
