/** Which rows of a write concern which shard, and the write of those rows alone. */
import { packBytes, packedItem } from "../../base/index.js";
import type { PackedBytes } from "../../base/index.js";
import { hashOfId, shardOfHash } from "../../cluster/index.js";
import type { ShardPlaces } from "../../cluster/index.js";
import type { PackedDelete, PackedInsert, PackedUpdate } from "../replica/messages.js";
import { idAt, idCount, pickIds, pickVectors } from "../replica/packed-rows.js";

/** A write that names its rows. */
export type NamedWrite =
  PackedInsert | PackedUpdate | (PackedDelete & { readonly ids: Uint8Array });

/** Rows of a write, by position, that lie in one shard. */
export interface Portion {
  readonly shard: number;
  readonly positions: readonly number[];
}

/** One portion for each shard that the ids touch, in order of shards. */
export function portionsOf(ids: Uint8Array, shards: readonly ShardPlaces[]): readonly Portion[] {
  const count = idCount(ids);
  if (shards.length === 1 || count === 0) {
    const [only] = shards as readonly [ShardPlaces];
    return [{ shard: only.id, positions: Array.from({ length: count }, (_, index) => index) }];
  }
  const found = new Map<number, number[]>();
  for (let index = 0; index < count; index++) {
    const { id } = shardOfHash(shards, hashOfId(idAt(ids, index)));
    const known = found.get(id);
    if (known) known.push(index);
    else found.set(id, [index]);
  }
  return [...found].sort(([a], [b]) => a - b).map(([shard, positions]) => ({ shard, positions }));
}

/** The write of some of its rows, given in ascending order; itself when that is all of them. */
export function pickRows<Write extends NamedWrite>(
  write: Write,
  positions: readonly number[],
  dimension: number,
): Write {
  if (positions.length === idCount(write.ids)) return write;
  const ids = pickIds(write.ids, positions);
  if (write.kind === "delete") {
    return { ...write, ids, ...pickVersions(write.if_versions, positions) };
  }
  const { vectors, metadata } = write;
  return {
    ...write,
    ids,
    ...(vectors && { vectors: pickVectors(vectors, positions, dimension) }),
    ...(metadata && { metadata: pickBytes(metadata, positions) }),
    ...(write.kind === "update" && pickVersions(write.if_versions, positions)),
  };
}

function pickBytes(packed: PackedBytes, positions: readonly number[]): PackedBytes {
  return packBytes(positions.map((position) => packedItem(packed, position)));
}

function pickVersions(versions: readonly string[] | undefined, positions: readonly number[]) {
  if (!versions) return {};
  return { if_versions: positions.map((position) => versions[position] as string) };
}
