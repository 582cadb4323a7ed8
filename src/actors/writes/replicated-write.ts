/**
 * A write of whole rows on its way to the replicas of a shard: first it must be the newest there; once it
 * stands, whoever has it not yet takes it over as what it is by then.
 */
import { isCutting } from "../../cluster/index.js";
import type { PackedWrite, WriteMessage, WriteOutcome } from "../replica/messages.js";
import type { ShardAccess } from "../replicas/access.js";
import type { Send } from "./delivery.js";
import { Round } from "./round.js";
import { wasSplit } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";
import type { Operation } from "./operation.js";

export function orderedWrite(
  { id, remember_ms }: Operation,
  version: string,
  { write, epoch }: { readonly write: PackedWrite; readonly epoch: number },
): WriteMessage {
  return {
    type: "write",
    operation_id: id,
    remember_ms,
    version,
    write,
    replicated: { rule: "ordered", epoch },
  };
}

export function sendWrite(
  parts: WriteParts,
  shard: ShardAccess,
  message: WriteMessage,
  endMs: number,
): Round<WriteOutcome> {
  const send = unlessCut<WriteOutcome>(shard, (replica, timeoutMs) =>
    replica.ask(message, timeoutMs),
  );
  return new Round(parts, shard, send, endMs);
}

/** To a shard that is about to be replaced nothing new is sent: as if its replicas knew a newer map. */
export function unlessCut<Answer>({ shard }: ShardAccess, send: Send<Answer>): Send<Answer> {
  if (!isCutting(shard)) return send;
  const { epoch } = shard;
  return () => Promise.resolve({ outcome: "ok", value: { refused: "stale", epoch } });
}

export function lateWrite(message: WriteMessage, epoch: number): WriteMessage {
  return { ...message, replicated: { rule: "late", epoch } };
}

/** Sends a write that stands to those who refused it, as late. */
export function insist(round: Round<WriteOutcome>, message: WriteMessage): void {
  const late = lateWrite(message, round.shard.shard.epoch);
  round.replace(
    ({ state }) => state.kind === "refused" && state.refusal.refused !== "stale",
    (replica, timeoutMs) => replica.ask(late, timeoutMs),
  );
}

/**
 * Leaves a hint for each replica that does not confirm the write until its deadline. Goes on behind the
 * answer to the caller.
 */
export async function leaveHints(
  parts: WriteParts,
  round: Round<WriteOutcome>,
  message: WriteMessage,
): Promise<void> {
  const { id, epoch } = round.shard.shard;
  insist(round, message);
  const missing = await round.missing();
  // What took its place was made of all that any replica had.
  if (wasSplit(parts, id)) return;
  for (const { place } of missing) {
    parts.hints.missed(place.node, id, lateWrite(message, epoch));
  }
}
