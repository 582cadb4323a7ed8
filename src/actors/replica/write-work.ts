/** A write, as a piece of a commit: applied once, however often it is asked for. */
import { DvespError } from "../../base/index.js";
import { writeBytes } from "./write-queue.js";
import type { Work } from "./write-queue.js";
import type { Done, GroupPlan } from "./group-plan.js";
import { isBehind, isStaged, staleMap } from "./judge.js";
import type { PackedWrite, WriteMessage } from "./messages.js";
import { blindWrite } from "./replicated-write.js";
import type { WriteReply } from "./replication-messages.js";

/** Batches are decided, and maps renewed, within seconds. */
const retryMs = 100;

/** `isOverdue`: whether nobody waits for it any more. Callers do not count on its being refused then. */
export function writeWork(message: WriteMessage, isOverdue: () => boolean): Work<WriteReply> {
  const plan = (group: GroupPlan): Done<WriteReply> => planWrite(group, message, isOverdue);
  return { bytes: writeBytes(message.write), plan };
}

/**
 * A replicated write that comes again with a later stamp is applied again: the same contents, of a
 * version that is large enough on all replicas.
 */
function planWrite(
  group: GroupPlan,
  message: WriteMessage,
  isOverdue: () => boolean,
): Done<WriteReply> {
  const { operation_id, write, version, replicated } = message;
  const known = group.known(operation_id);
  if (known && known.version === undefined) throw wasAborted();
  if (known && (!replicated || known.version >= version)) return known.reply;
  if (isOverdue()) {
    throw new DvespError("TIMEOUT", "the deadline passed before the write began");
  }
  if (!replicated) return planPlain(group, message);
  const blind = blindWrite(write, version, group.rows.dimension);
  const refusal =
    staleMap(group, replicated.epoch) ??
    (replicated.rule === "ordered" ? isBehind(group, blind.ids, version) : undefined);
  return refusal ? () => refusal : group.record(message, group.writes.addBlind(blind, version));
}

/**
 * A write of the only replica, which judges all of it. What looks at rows waits for staged batches. Errors:
 * `OVERLOADED` when its map or a staged batch is in the way: nothing was stored, a moment later it may be.
 */
function planPlain(group: GroupPlan, message: WriteMessage): Done<WriteReply> {
  const { write, version, epoch } = message;
  const refusal =
    (epoch === undefined ? undefined : staleMap(group, epoch)) ??
    (looksAtRows(write) ? isStaged(group, group.writes.idsOf(write)) : undefined);
  if (!refusal) return group.record(message, group.writes.add(write, version));
  throw new DvespError("OVERLOADED", `the write has to wait: ${refusal.refused}`, {
    retry_after_ms: retryMs,
  });
}

function looksAtRows(write: PackedWrite): boolean {
  if (write.kind === "insert") return false;
  return write.kind === "update" || write.ids === undefined || write.if_versions !== undefined;
}

function wasAborted(): DvespError {
  return new DvespError("TIMEOUT", "the operation was given up before it was applied");
}
