/**
 * Writes to a collection that is one shard with one replica: one message, which that replica judges by
 * itself. What became of a write whose answer was lost the replica, or its successor, is asked by name.
 */
import { errorFromPlain, sleep } from "../../base/index.js";
import { isCutting } from "../../cluster/index.js";
import type { ShardPlaces } from "../../cluster/index.js";
import { moved } from "../../mailbox/index.js";
import type { AskResult } from "../../runtime/index.js";
import type { PackedWrite, WriteMessage, WriteOutcome } from "../replica/messages.js";
import { writeBytes } from "../replica/write-queue.js";
import { usable } from "../replicas/access.js";
import type { ShardAccess } from "../replicas/access.js";
import { keyMemoryMs } from "./keyed-batches.js";
import { Reach } from "../replicas/reach.js";
import { copiedBytesMax } from "../collection/prepared-write.js";
import type { PreparedWrite } from "../collection/prepared-write.js";
import { operationId } from "./operation.js";
import { askOutcomes } from "./outcomes.js";
import { checkAlive } from "./round.js";
import { shardEnd } from "./shard-end.js";
import { joinEnds } from "./write-end.js";
import type { WriteEnd } from "./write-end.js";
import { settleMs, shardAt, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";

const retryMs = 5;

/** The only replica of the only shard, if the collection is such a one. */
export function singleReplica({ access }: WriteParts): ShardAccess | undefined {
  const [shard, ...others] = access.shards();
  return others.length === 0 && shard?.replicas.length === 1 ? shard : undefined;
}

/**
 * Undefined: nothing of it is or will be stored, because its time ran out or its replica died with it;
 * `moved`: nothing is, and there is more than that replica now. Errors: `NOT_ENOUGH_REPLICAS` when its node
 * is not reached, or another refusal (nothing stored); `TIMEOUT` when the outcome could not be learned.
 */
export async function writeSingle(
  parts: WriteParts,
  prepared: PreparedWrite,
): Promise<WriteEnd | "moved" | undefined> {
  const single = singleReplica(parts);
  // One of this node is waited for while it starts.
  if (single && single.replicas[0]?.local !== true) checkAlive(single, 1);
  const identity = identify(parts, prepared);
  const outcome = await perform(parts, prepared, identity);
  if (!outcome || outcome === "moved") return outcome;
  return singleEnd(parts, identity.operation_id, outcome);
}

/**
 * What became of a write with this key while one replica did all of it, if it happened then. Errors:
 * `TIMEOUT` when that could not be learned.
 */
export async function endOfSingle(
  parts: WriteParts,
  prepared: PreparedWrite,
): Promise<WriteEnd | undefined> {
  const { operation_id } = identify(parts, prepared);
  const outcome = await settleSingle(parts, operation_id);
  return outcome && singleEnd(parts, operation_id, outcome);
}

function singleEnd(parts: WriteParts, operation_id: string, outcome: WriteOutcome): WriteEnd {
  const { shard, replicas } = shardAt(parts, 0);
  const node = replicas[0]?.place.node ?? "";
  return joinEnds(
    operation_id,
    [shardEnd(shard.id, "success", [{ node, answer: outcome }])],
    outcome,
  );
}

async function perform(
  parts: WriteParts,
  prepared: PreparedWrite,
  identity: Pick<WriteMessage, "operation_id" | "remember_ms">,
): Promise<WriteOutcome | "moved" | undefined> {
  const { clock, versions } = parts;
  const endMs = clock.monotonic() + prepared.timeout_ms;
  const resend = writeBytes(prepared.write) <= copiedBytesMax;
  const write = resend ? prepared.write : movedWrite(prepared.write);
  const reach = new Reach(clock);
  for (let unsure = false; ;) {
    const single = await openSingle(parts, endMs);
    if (!single && !unsure) return clock.monotonic() < endMs ? "moved" : undefined;
    if (!single) return (await settleSingle(parts, identity.operation_id)) ?? "moved";
    const { shard, replica } = single;
    const { epoch } = shard;
    const version = versions.next();
    const message: WriteMessage = { type: "write", ...identity, epoch, version, write };
    const result = await replica.ask<WriteOutcome>(message, Math.max(1, endMs - clock.monotonic()));
    if (result.outcome === "ok") return result.value;
    const waits = resend && isOverloaded(result) && isOtherNow(parts, shard);
    // Once an attempt may have been applied, a refusal of another one proves nothing.
    if (result.outcome === "refused" && !unsure && !waits) {
      // One that began too late was never applied; every other refusal is the caller's to see.
      if (result.error.code === "TIMEOUT") return undefined;
      throw errorFromPlain(result.error);
    }
    const late = clock.monotonic() >= endMs || reach.isLost(replica.isAlive());
    if (late || !resend || !mayTryAgain(result)) {
      return settleSingle(parts, identity.operation_id);
    }
    unsure ||= result.outcome !== "refused";
    await sleep(clock, retryMs);
    if (isClosed(parts)) return settleSingle(parts, identity.operation_id);
  }
}

/** The only replica, waiting while its shard is about to be replaced; undefined: it is not the only one. */
async function openSingle(parts: WriteParts, endMs: number) {
  const { access, clock } = parts;
  for (;;) {
    const single = singleReplica(parts);
    if (!single || clock.monotonic() >= endMs) break;
    if (!isCutting(single.shard)) break;
    await access.newer(single.shard.id, single.shard.epoch);
  }
  const single = singleReplica(parts);
  const replica = single?.replicas[0];
  if (!single || !replica || isCutting(single.shard)) return undefined;
  return { shard: single.shard, replica };
}

/** Whether the map has the shard otherwise than it was, so that another attempt may be taken. */
function isOtherNow(parts: WriteParts, { epoch }: ShardPlaces): boolean {
  if (isClosed(parts)) return false;
  const single = singleReplica(parts);
  return !single || single.shard.epoch !== epoch || isCutting(single.shard);
}

function identify(parts: WriteParts, { idempotency_key, write }: PreparedWrite) {
  if (idempotency_key === undefined) return { operation_id: operationId(parts) };
  return { operation_id: `k:${write.kind}:${idempotency_key}`, remember_ms: keyMemoryMs };
}

async function settleSingle(
  parts: WriteParts,
  operation_id: string,
): Promise<WriteOutcome | undefined> {
  const { clock } = parts;
  const endMs = clock.monotonic() + settleMs;
  const reach = new Reach(clock);
  while (clock.monotonic() < endMs && !isClosed(parts)) {
    // However the shard was split since: each part remembers what the whole one did.
    const shard = shardAt(parts, 0);
    const { done, isComplete } = await askOutcomes(shard, operation_id);
    if (done[0]) return done[0].answer;
    if (isComplete) return undefined;
    if (reach.isLost(usable(shard).length > 0)) break;
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
  return isOverloaded(result) || result.outcome === "gone";
}

function isOverloaded(result: AskResult<unknown>): boolean {
  return result.outcome === "refused" && result.error.code === "OVERLOADED";
}

/** The same write, giving its memory away instead of having it copied. */
function movedWrite(write: PackedWrite): PackedWrite {
  if (write.kind === "delete" || !write.vectors) return write;
  return { ...write, vectors: moved(write.vectors) };
}
