/**
 * Writes to a collection that is one shard with one replica: one message, which that replica judges by
 * itself. What became of a write whose answer was lost the replica, or its successor, is asked by name.
 */
import { errorFromPlain, randomUuid, sleep } from "../../base/index.js";
import { moved } from "../../mailbox/index.js";
import type { AskResult } from "../../runtime/index.js";
import type { PackedWrite, WriteMessage, WriteOutcome } from "../replica/messages.js";
import { writeBytes } from "../replica/write-queue.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import { keyMemoryMs } from "./keyed-batches.js";
import { Reach } from "../replicas/reach.js";
import { copiedBytesMax } from "../collection/prepared-write.js";
import type { PreparedWrite } from "../collection/prepared-write.js";
import { checkAlive } from "./round.js";
import { shardEnd } from "./shard-end.js";
import { joinEnds } from "./write-end.js";
import type { WriteEnd } from "./write-end.js";
import { settleMs, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";

const retryMs = 5;

/** The only replica of the only shard, if the collection is such a one. */
export function singleReplica({ access }: WriteParts): ShardAccess | undefined {
  const [shard, ...others] = access.shards();
  return others.length === 0 && shard?.replicas.length === 1 ? shard : undefined;
}

/**
 * Undefined: nothing of it is or will be stored, because its time ran out or its replica died with it.
 * Errors: `NOT_ENOUGH_REPLICAS` when its node is not reached, or another refusal (nothing stored); `TIMEOUT`
 * when the outcome could not be learned.
 */
export async function writeSingle(
  parts: WriteParts,
  access: ShardAccess,
  prepared: PreparedWrite,
): Promise<WriteEnd | undefined> {
  const { shard } = access;
  const [replica] = access.replicas;
  // One of this node is waited for while it starts.
  if (replica?.local !== true) checkAlive(access, 1);
  const identity = identify(parts, prepared);
  const named = { ...identity, epoch: shard.epoch };
  const outcome = await perform(parts, replica as ReplicaAccess, prepared, named);
  if (!outcome) return undefined;
  const node = replica?.place.node ?? "";
  const end = shardEnd(shard.id, "success", [{ node, answer: outcome }]);
  return joinEnds(identity.operation_id, [end], outcome);
}

async function perform(
  parts: WriteParts,
  replica: ReplicaAccess,
  prepared: PreparedWrite,
  identity: Pick<WriteMessage, "operation_id" | "remember_ms" | "epoch">,
): Promise<WriteOutcome | undefined> {
  const { clock, versions } = parts;
  const endMs = clock.monotonic() + prepared.timeout_ms;
  const resend = writeBytes(prepared.write) <= copiedBytesMax;
  const write = resend ? prepared.write : movedWrite(prepared.write);
  const reach = new Reach(clock);
  for (let unsure = false; ; unsure = true) {
    const version = versions.next();
    const message: WriteMessage = { type: "write", ...identity, version, write };
    const result = await replica.ask<WriteOutcome>(message, Math.max(1, endMs - clock.monotonic()));
    if (result.outcome === "ok") return result.value;
    // Once an attempt may have been applied, a refusal of another one proves nothing.
    if (result.outcome === "refused" && !unsure) {
      // One that began too late was never applied; every other refusal is the caller's to see.
      if (result.error.code === "TIMEOUT") return undefined;
      throw errorFromPlain(result.error);
    }
    const late = clock.monotonic() >= endMs || reach.isLost(replica.isAlive());
    if (late || !resend || !mayTryAgain(result)) {
      return settleSingle(parts, replica, identity.operation_id);
    }
    await sleep(clock, retryMs);
    if (isClosed(parts)) return settleSingle(parts, replica, identity.operation_id);
  }
}

function identify({ random }: WriteParts, { idempotency_key, write }: PreparedWrite) {
  if (idempotency_key === undefined) return { operation_id: `o:${randomUuid(random)}` };
  return { operation_id: `k:${write.kind}:${idempotency_key}`, remember_ms: keyMemoryMs };
}

async function settleSingle(
  parts: WriteParts,
  replica: ReplicaAccess,
  operation_id: string,
): Promise<WriteOutcome | undefined> {
  const { clock } = parts;
  const endMs = clock.monotonic() + settleMs;
  const reach = new Reach(clock);
  while (clock.monotonic() < endMs && !isClosed(parts) && !reach.isLost(replica.isAlive())) {
    const message = { type: "outcome", operation_id } as const;
    const result = await replica.ask<WriteOutcome | undefined>(message, settleMs);
    if (result.outcome === "ok") return result.value ?? undefined;
    await sleep(clock, retryMs);
  }
  throw unknownOutcome();
}

/** Whether the replica will not come back. */
function isClosed({ access }: WriteParts): boolean {
  try {
    access.shards();
    return false;
  } catch {
    return true;
  }
}

/** A replica that is gone, or has no room now, may take the same operation a moment later. */
function mayTryAgain(result: AskResult<unknown>): boolean {
  if (result.outcome === "refused") return result.error.code === "OVERLOADED";
  return result.outcome === "gone";
}

/** The same write, giving its memory away instead of having it copied. */
function movedWrite(write: PackedWrite): PackedWrite {
  if (write.kind === "delete" || !write.vectors) return write;
  return { ...write, vectors: moved(write.vectors) };
}
