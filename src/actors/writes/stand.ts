/**
 * Makes sure that what is answered without being written stands with a majority: rows and tombstones
 * that only some replicas accepted are written again as they are, under the ballot that saw them.
 */
import { packBytes } from "../../base/index.js";
import { majorityOf } from "../../cluster/index.js";
import type { PackedDelete, PackedInsert } from "../replica/messages.js";
import { concatIds, idAt } from "../replica/packed-rows.js";
import { portionsOf } from "../replicas/portions.js";
import type { Operation } from "./operation.js";
import type { Newest } from "./promises.js";
import { leaveHints, orderedWrite, sendWrite } from "./replicated-write.js";
import { shardOf } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";

/** Whole rows or tombstones, as every replica can take them. */
export type WholeWrite = PackedInsert | (PackedDelete & { readonly ids: Uint8Array });

export interface Loose {
  readonly id: Uint8Array;
  readonly newest: Newest;
}

/** `contents`: a row must be seen whole before it can be written again. `no`: no majority took it. */
export type StandEnd = "yes" | "no" | "contents";

export async function makeStand(
  parts: WriteParts,
  operation: Operation,
  ballot: string,
  seen: readonly Loose[],
): Promise<StandEnd> {
  const loose = seen.filter(({ newest }) => !newest.stands);
  if (loose.some(({ newest }) => newest.live && !newest.row)) return "contents";
  for (const [index, write] of rewrites(parts, loose).entries()) {
    const id = `${operation.id}/${ballot}/${index}`;
    if (!(await rewrite(parts, { ...operation, id }, ballot, write))) return "no";
  }
  return "yes";
}

/** One write for all tombstones of a shard, one for each row. */
function rewrites(parts: WriteParts, loose: readonly Loose[]): WholeWrite[] {
  const dead = loose.filter(({ newest }) => !newest.live).map(({ id }) => id);
  const graves = dead.length === 0 ? [] : portionsOf(concatIds(dead), shardsOf(parts));
  const rows = loose.flatMap(({ id, newest: { row } }) => {
    if (!row) return [];
    const metadata = packBytes([row.metadata]);
    return [{ kind: "insert" as const, ids: id.slice(), vectors: row.vector.slice(), metadata }];
  });
  return [
    ...graves.map(({ positions }) => ({
      kind: "delete" as const,
      ids: concatIds(positions.map((at) => dead[at] as Uint8Array)),
    })),
    ...rows,
  ];
}

async function rewrite(
  parts: WriteParts,
  operation: Operation,
  ballot: string,
  write: WholeWrite,
): Promise<boolean> {
  const [portion] = portionsOf(idAt(write.ids, 0), shardsOf(parts));
  const shard = shardOf(parts, portion?.shard ?? 0);
  const { epoch } = shard.shard;
  const message = orderedWrite(operation, ballot, { write, epoch });
  const round = sendWrite(parts, shard, message, operation.endMs);
  const end = await round.until(majorityOf(shard.shard));
  if (end === "reached") void leaveHints(parts, round, message);
  else round.stop();
  return end === "reached";
}

function shardsOf({ access }: WriteParts) {
  return access.shards().map(({ shard }) => shard);
}
