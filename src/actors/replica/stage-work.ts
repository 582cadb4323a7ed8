/**
 * Batches over several shards, as pieces of commits: durable but invisible until all shards have them, then
 * decided. What was decided is remembered as operations are, so that what comes late is answered alike.
 */
import { DvespError } from "../../base/index.js";
import { operationMs } from "./group-plan.js";
import type { Done, GroupPlan } from "./group-plan.js";
import { isBehind, staleMap } from "./judge.js";
import { blindWrite } from "./replicated-write.js";
import type { DecideReply, ReplicationMessage, StageReply } from "./replication-messages.js";
import { encodeBody, idKeys } from "./staged-write.js";
import { writeBytes } from "./write-queue.js";
import type { Work } from "./write-queue.js";

/** Undecided batches are decided within seconds. */
const retryMs = 1000;

type StageMessage = Extract<ReplicationMessage, { type: "stage" }>;
type DecideMessage = Extract<ReplicationMessage, { type: "decide" }>;

export function stageWork(message: StageMessage): Work<StageReply> {
  return { bytes: writeBytes(message.write), plan: (group) => stage(group, message) };
}

function stage(group: GroupPlan, message: StageMessage): Done<StageReply> {
  const { epoch, operation_id, version, home, remember_ms } = message;
  const { replication } = group;
  const known = group.known(operation_id);
  if (known) return known.reply;
  const held = replication.stages.get(operation_id);
  if (held && held.version >= version) return () => ({ staged: true });
  const write = blindWrite(message.write, version, group.rows.dimension);
  const refusal = staleMap(group, epoch) ?? isBehind(group, write.ids, version);
  if (refusal) return () => refusal;
  const body = encodeBody(write);
  checkBudget(group, body.length - (held?.bytes ?? 0));
  const rememberMs = remember_ms ?? operationMs;
  const info = { version, home, stagedMs: group.nowMs, rememberMs, bytes: body.length };
  replication.stage(operation_id, { ...info, ids: idKeys(write.ids) }, body);
  replication.raise({ ballots: version });
  return () => ({ staged: true });
}

/** Errors: `OVERLOADED`. */
function checkBudget({ replication }: GroupPlan, bytes: number): void {
  let sum = bytes;
  for (const held of replication.stages.values()) sum += held.bytes;
  if (sum <= replication.memory.stagedBytesMax) return;
  throw new DvespError("OVERLOADED", "too many batches wait for their decision", {
    retry_after_ms: retryMs,
  });
}

/** `stagedBytes`: of the batch, which a commit puts in its place. */
export function decideWork(message: DecideMessage, stagedBytes: number): Work<DecideReply> {
  return {
    bytes: message.commit ? stagedBytes : 0,
    plan: (group) => decide(group, message),
  };
}

function decide(group: GroupPlan, { operation_id, commit }: DecideMessage): Done<DecideReply> {
  const { replication } = group;
  const known = group.known(operation_id);
  const held = replication.stages.get(operation_id);
  // A hint may have brought what was decided before the decision came.
  if (held && (known || !commit)) replication.unstage(operation_id);
  if (known) return known.reply;
  if (!commit) return group.recordAbort(operation_id, held?.rememberMs);
  if (!held) return () => ({ missing: true });
  const write = replication.stagedWrite(operation_id);
  replication.unstage(operation_id);
  const { version, rememberMs } = held;
  return group.record(
    { operation_id, version, remember_ms: rememberMs },
    group.writes.addBlind(write, version),
  );
}
