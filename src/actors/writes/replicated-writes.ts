/** Writes to collections of several shards or replicas: which protocol each takes, and what came of all its parts. */
import { idCount, keyOf, idAt, pickIds } from "../replica/packed-rows.js";
import { afterRefusals } from "./after-refusals.js";
import { BlindWrite } from "./blind-write.js";
import type { BlindPacked } from "./blind-write.js";
import { DependentWriter } from "./dependent-write.js";
import type { DependentEnd } from "./dependent-write.js";
import { pickRows, portionsOf } from "./ids.js";
import type { NamedWrite, Portion } from "./ids.js";
import type { ShardEnd } from "./shard-end.js";
import { StagedBatch } from "./staged-batch.js";
import type { Operation, WriteParts } from "./write-parts.js";

export interface WriteEnd {
  readonly status: "success" | "partial";
  readonly operation_id: string;
  readonly version: string;
  /** Of the rows written, in the order in which the caller named them. */
  readonly ids: Uint8Array;
  readonly missing: Uint8Array;
  /** That acknowledged it. */
  readonly nodes: readonly string[];
  /** Of the shards written to, in their order. */
  readonly roots: readonly string[];
  readonly shards: readonly number[];
}

/** Undefined: nothing of it is or will be stored. Errors: those of its protocol. */
export async function writeReplicated(
  parts: WriteParts,
  operation: Operation,
  write: NamedWrite,
): Promise<WriteEnd | undefined> {
  if (write.kind === "update" || (write.kind === "delete" && write.if_versions)) {
    const end = await new DependentWriter(parts, operation, write).run();
    return end && dependentEnd(write, end);
  }
  const portions = portionsOf(
    write.ids,
    parts.access.shards().map(({ shard }) => shard),
  );
  if (portions.length > 1) return writeBatch(parts, operation, write, portions);
  const [{ shard }] = portions as readonly [Portion];
  const end = await new BlindWrite(parts, operation, write, shard).run();
  return end && blindEnd(write, operation.id, [end]);
}

async function writeBatch(
  parts: WriteParts,
  operation: Operation,
  write: BlindPacked,
  portions: readonly Portion[],
): Promise<WriteEnd | undefined> {
  const { dimension } = parts.access.settings;
  const pieces = portions.map(({ shard, positions }) => ({
    shard,
    write: pickRows(write, positions, dimension),
  }));
  for (let attempt = 1; parts.clock.monotonic() < operation.endMs; attempt++) {
    const id = `${operation.id}.${attempt}`;
    const version = parts.versions.next();
    const end = await new StagedBatch(parts, { ...operation, id }, version, pieces).run();
    if (end.kind === "committed") return blindEnd(write, id, end.ends);
    if (end.kind === "failed" && end.error) throw end.error;
    if (end.kind === "failed") return undefined;
    for (const { shard, refusals } of end.refusals) await afterRefusals(parts, shard, refusals);
  }
  return undefined;
}

/** A blind delete reports ids that no replica had; an insert writes all of its own. */
function blindEnd(write: BlindPacked, id: string, ends: readonly ShardEnd[]): WriteEnd {
  const missing = write.kind === "delete" ? ends.map((end) => end.missing) : [];
  return joinEnds(write, id, ends, new Set(missing.flatMap(keysOf)));
}

function dependentEnd(write: NamedWrite, end: DependentEnd): WriteEnd {
  const joined = joinEnds(write, end.operation_id, end.ends, new Set(keysOf(end.missing)));
  if (end.ends.length > 0) return joined;
  return { ...joined, version: end.version, nodes: end.asked };
}

function joinEnds(
  { ids }: NamedWrite,
  operation_id: string,
  ends: readonly ShardEnd[],
  absent: ReadonlySet<string>,
): WriteEnd {
  const written: number[] = [];
  const missing: number[] = [];
  for (let index = 0; index < idCount(ids); index++) {
    (absent.has(keyOf(idAt(ids, index))) ? missing : written).push(index);
  }
  return {
    status: ends.every(({ status }) => status === "success") ? "success" : "partial",
    operation_id,
    version: ends.reduce((best, { version }) => (version > best ? version : best), ""),
    ids: pickIds(ids, written),
    missing: pickIds(ids, missing),
    nodes: [...new Set(ends.flatMap(({ nodes }) => nodes))],
    roots: ends.map(({ root }) => root),
    shards: ends.map(({ shard }) => shard),
  };
}

function keysOf(ids: Uint8Array): string[] {
  return Array.from({ length: idCount(ids) }, (_, index) => keyOf(idAt(ids, index)));
}
