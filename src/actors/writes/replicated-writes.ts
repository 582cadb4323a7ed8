/** Writes to collections of several shards or replicas: which protocol each takes. */
import { majorityOf, neededFor } from "../../cluster/index.js";
import type { PackedDelete } from "../replica/messages.js";
import { portionsOf } from "../replicas/portions.js";
import type { Portion } from "../replicas/portions.js";
import { afterRefusals } from "./after-refusals.js";
import { BlindWrite } from "./blind-write.js";
import type { BlindPacked } from "./blind-write.js";
import { DependentWriter } from "./dependent-write.js";
import { pickRows } from "./ids.js";
import type { NamedWrite } from "./ids.js";
import type { DependentWrite, MatchedDelete } from "./judge.js";
import type { BatchName, Operation } from "./operation.js";
import { checkAlive } from "./round.js";
import { StagedBatch } from "./staged-batch.js";
import { blindEnd, dependentEnd } from "./write-end.js";
import type { WriteEnd } from "./write-end.js";
import { shardOf } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";

/** Undefined: nothing of it is or will be stored. Errors: those of its protocol. */
export async function writeReplicated(
  parts: WriteParts,
  operation: Operation,
  write: NamedWrite | MatchedDelete,
): Promise<WriteEnd | undefined> {
  if (isDependent(write)) {
    const end = await new DependentWriter(parts, operation, write).run();
    return end && dependentEnd(end);
  }
  for (;;) {
    const portions = portionsOf(write.ids, placesOf(parts));
    if (portions.length > 1) return writeBatch(parts, operation, () => write);
    const [{ shard }] = portions as readonly [Portion];
    const end = await new BlindWrite(parts, operation, write, shard).run();
    if (end !== "moved") return end && blindEnd(operation.id, write, [end]);
  }
}

/** Several rows as a whole, whatever was there before. `writeOf` each attempt: it may name the rows. */
export async function writeBatch(
  parts: WriteParts,
  operation: Operation,
  writeOf: (name: BatchName) => BlindPacked,
): Promise<WriteEnd | undefined> {
  while (parts.clock.monotonic() < operation.endMs) {
    const name = await operation.batches.next();
    const write = writeOf(name);
    const content = { version: parts.versions.next(), pieces: piecesOf(parts, operation, write) };
    const end = await new StagedBatch(parts, operation, name, content).run();
    if (end.kind === "committed") return blindEnd(name.id, write, end.ends);
    if (end.kind === "failed" && end.error) throw end.error;
    if (end.kind === "failed") return undefined;
    for (const { shard, refusals } of end.refusals) await afterRefusals(parts, shard, refusals);
  }
  return undefined;
}

export function isDependent(write: NamedWrite | MatchedDelete): write is DependentWrite {
  if (write.kind === "update" || write.kind === "delete_matched") return true;
  return write.kind === "delete" && (write as PackedDelete).if_versions !== undefined;
}

function piecesOf(parts: WriteParts, { level }: Operation, write: BlindPacked) {
  const { dimension } = parts.access.settings;
  return portionsOf(write.ids, placesOf(parts)).map(({ shard: id, positions }) => {
    const shard = shardOf(parts, id);
    checkAlive(shard, Math.max(majorityOf(shard.shard), neededFor(level, shard.shard)));
    return { shard: id, write: pickRows(write, positions, dimension) };
  });
}

function placesOf({ access }: WriteParts) {
  return access.shards().map(({ shard }) => shard);
}
