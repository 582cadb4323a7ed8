/** Writes with an idempotency key: once, whichever coordinators are asked, and the first result to all of them. */
import { createHash } from "node:crypto";
import { sleep, uuidBytes } from "../../base/index.js";
import { majorityOf, neededFor } from "../../cluster/index.js";
import type { ConsistencyLevel } from "../../protocol/index.js";
import type { PackedWrite } from "../replica/messages.js";
import { concatIds, idCount, keysOf, pickWhere } from "../replica/packed-rows.js";
import { usable } from "../replicas/access.js";
import type { ShardAccess } from "../replicas/access.js";
import { portionsOf } from "../replicas/portions.js";
import { Reach } from "../replicas/reach.js";
import { AnsweredEarlier, KeyedBatches, keyMemoryMs } from "./keyed-batches.js";
import { operationId } from "./operation.js";
import type { Operation } from "./operation.js";
import { askOutcomes } from "./outcomes.js";
import { checkAlive } from "./round.js";
import { shardEnd } from "./shard-end.js";
import type { ShardEnd } from "./shard-end.js";
import { joinEnds } from "./write-end.js";
import type { WriteEnd } from "./write-end.js";
import { settleMs, shardAt, shardOf, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";

export interface KeyedWrite {
  readonly key: string;
  readonly write: PackedWrite;
  /** Whether the ids are our own: then they follow from the attempt that is committed. */
  readonly hasMadeIds: boolean;
  readonly level: ConsistencyLevel;
  /** Monotonic time. */
  readonly endMs: number;
}

/** `perform` does it with the operation it is given, which names its batches. */
export async function writeKeyed(
  parts: WriteParts,
  keyed: KeyedWrite,
  perform: (operation: Operation) => Promise<WriteEnd | undefined>,
): Promise<WriteEnd | undefined> {
  const { level, endMs } = keyed;
  const key = `${keyed.write.kind}/${keyed.key}`;
  const check = (operationId: string): void => checkReach(parts, keyed, operationId);
  const batches = new KeyedBatches(parts, { key, digest: digestOf(keyed), endMs, check });
  const id = operationId(parts);
  try {
    await batches.begin();
    const end = await perform({ id, level, endMs, batches, remember_ms: keyMemoryMs });
    const released = batches.release(end?.operation_id);
    if (!end) await released;
    return end;
  } catch (error) {
    await batches.release(undefined);
    if (error instanceof AnsweredEarlier) return earlierEnd(parts, keyed, error);
    throw error;
  }
}

/** Errors: `NOT_ENOUGH_REPLICAS` when an attempt of this name cannot come to what its level asks. */
function checkReach(
  parts: WriteParts,
  { write, hasMadeIds, level }: KeyedWrite,
  operationId: string,
): void {
  const shards = parts.access.shards();
  const { ids } = write;
  if (!ids) {
    // A filter is read at the level; what it matches is checked when that is known.
    for (const shard of shards) checkAlive(shard, neededFor(level, shard.shard));
    return;
  }
  const own = hasMadeIds ? idsNamedBy(operationId, idCount(ids)) : ids;
  const places = shards.map(({ shard }) => shard);
  for (const { shard: id } of portionsOf(own, places)) {
    const shard = shardOf(parts, id);
    checkAlive(shard, Math.max(majorityOf(shard.shard), neededFor(level, shard.shard)));
  }
}

/** Version 4 UUIDs that follow from the name of an attempt. */
export function idsNamedBy(operationId: string, count: number): Uint8Array {
  const ids = Array.from({ length: count }, (_, index) => {
    const hash = createHash("sha256").update(`${operationId}/${index}`).digest();
    const id = new Uint8Array(hash.subarray(0, uuidBytes));
    id[6] = ((id[6] as number) & 0x0f) | 0x40;
    id[8] = ((id[8] as number) & 0x3f) | 0x80;
    return id;
  });
  return concatIds(ids);
}

function digestOf({ write, hasMadeIds }: KeyedWrite): string {
  const hash = createHash("sha256");
  const add = (bytes: Uint8Array | undefined): void => {
    hash.update(`/${bytes?.length ?? "-"}/`);
    if (bytes) hash.update(bytes);
  };
  add(hasMadeIds ? undefined : write.ids);
  if (write.kind !== "delete") {
    const { vectors, metadata } = write;
    add(vectors && new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
    add(metadata?.data);
    add(metadata && new Uint8Array(Uint32Array.from(metadata.ends).buffer));
  }
  const mode = write.kind === "update" ? write.metadata_mode : null;
  const expected = write.kind === "insert" ? null : (write.if_versions ?? null);
  const filter = write.kind === "delete" ? (write.filter ?? null) : null;
  hash.update(JSON.stringify([mode, expected, filter]));
  return hash.digest("hex");
}

/**
 * The result of an attempt that was committed, from the replicas that remember it. `partial` when time is
 * over, or too few are in reach for the level. Errors: `TIMEOUT` when nobody in reach remembers.
 */
async function earlierEnd(
  parts: WriteParts,
  { write, hasMadeIds, level, endMs }: KeyedWrite,
  { operation_id, places }: AnsweredEarlier,
): Promise<WriteEnd> {
  const { clock } = parts;
  const lastMs = endMs + settleMs;
  const reach = new Reach(clock);
  for (;;) {
    const found = await Promise.all(
      places.map((place) => rememberedBy(parts, place, operation_id, level)),
    );
    const ends = found.flatMap((one) => (one ? [one.end] : []));
    const isLost = reach.isLost(places.every((place) => isInReach(shardAt(parts, place), level)));
    const isLate = isLost || clock.monotonic() >= endMs;
    if (ends.length === places.length && (isLate || ends.every(isSuccess))) {
      const ids = hasMadeIds
        ? idsNamedBy(operation_id, idCount(write.ids as Uint8Array))
        : write.ids;
      const touched = joined(found.flatMap((one) => (one ? [one.ids] : [])));
      const end = joinEnds(operation_id, ends, rowsOf(ids, touched, ends));
      return places.length > 0 ? end : { ...end, version: parts.versions.next() };
    }
    if (isLost || clock.monotonic() >= lastMs) throw unknownOutcome();
    await sleep(clock, 20);
  }
}

function isInReach(shard: ShardAccess, level: ConsistencyLevel): boolean {
  return usable(shard).length >= neededFor(level, shard.shard);
}

const isSuccess = ({ status }: ShardEnd): boolean => status === "success";

async function rememberedBy(
  parts: WriteParts,
  place: number,
  operationId: string,
  level: ConsistencyLevel,
): Promise<{ readonly end: ShardEnd; readonly ids: Uint8Array } | undefined> {
  const shard = shardAt(parts, place);
  const { done } = await askOutcomes(shard, operationId);
  const [first] = done;
  if (!first) return undefined;
  const status = done.length >= neededFor(level, shard.shard) ? "success" : "partial";
  const { ids, missing } = first.answer;
  return { end: shardEnd(shard.shard.id, status, done), ids: joined([ids, missing]) };
}

/** `ids`: those that the caller named, unless it was a filter. */
function rowsOf(ids: Uint8Array | undefined, touched: Uint8Array, ends: readonly ShardEnd[]) {
  const absent = new Set(ends.flatMap(({ missing }) => keysOf(missing)));
  if (!ids) return { ids: pickWhere(touched, (key) => !absent.has(key)), missing: nothing };
  const written = new Set(keysOf(touched).filter((key) => !absent.has(key)));
  return {
    ids: pickWhere(ids, (key) => written.has(key)),
    missing: pickWhere(ids, (key) => !written.has(key)),
  };
}

const nothing = new Uint8Array(0);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
