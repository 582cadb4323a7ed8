/** The write of some of its rows alone. */
import { packBytes, packedItem } from "../../base/index.js";
import type { PackedBytes } from "../../base/index.js";
import type { PackedDelete, PackedInsert, PackedUpdate } from "../replica/messages.js";
import { idCount, pickIds, pickVectors } from "../replica/packed-rows.js";

/** A write that names its rows. */
export type NamedWrite =
  PackedInsert | PackedUpdate | (PackedDelete & { readonly ids: Uint8Array });

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
