/**
 * What a write that depends on what is there comes to, given the newest row of each of its ids: whole rows
 * and tombstones, which every replica can take as they are.
 */
import { DvespError, formatUuid, limits, packBytes, packedItem } from "../../base/index.js";
import { mergeMetadata } from "../../protocol/index.js";
import type { PackedDelete, PackedInsert, PackedUpdate } from "../replica/messages.js";
import { idAt, idCount, pickIds } from "../replica/packed-rows.js";
import type { Newest } from "./promises.js";

export type DependentWrite = PackedUpdate | (PackedDelete & { readonly ids: Uint8Array });

export type Verdict =
  /** The row at `index` is not what the caller expects. */
  | { readonly kind: "conflict"; readonly index: number; readonly error: DvespError }
  /** Rows must be seen with their contents before it can be said. */
  | { readonly kind: "contents" }
  /** `write` undefined: nothing is there to be written. `missing`: positions of ids without a row. */
  | {
      readonly kind: "write";
      readonly write: PackedInsert | (PackedDelete & { readonly ids: Uint8Array }) | undefined;
      readonly missing: readonly number[];
    };

/** Errors: `TOO_LARGE` for merged metadata over the limit. */
export function judge(write: DependentWrite, newest: readonly Newest[]): Verdict {
  const conflict = conflictOf(write, newest);
  if (conflict) return conflict;
  const found: number[] = [];
  const missing: number[] = [];
  newest.forEach(({ live }, index) => (live ? found : missing).push(index));
  if (found.length === 0) return { kind: "write", write: undefined, missing };
  if (write.kind === "delete") {
    return { kind: "write", write: { kind: "delete", ids: pickIds(write.ids, found) }, missing };
  }
  const rows = wholeRows(write, newest, found);
  return rows ? { kind: "write", write: rows, missing } : { kind: "contents" };
}

/** Whether a write can be judged by versions alone. */
export function needsContents(write: DependentWrite): boolean {
  if (write.kind === "delete") return false;
  return !write.vectors || !write.metadata || write.metadata_mode === "merge";
}

function conflictOf(write: DependentWrite, newest: readonly Newest[]): Verdict | undefined {
  const { if_versions: expected, ids } = write;
  if (!expected) return undefined;
  const index = newest.findIndex(({ live, version }, at) => !live || version !== expected[at]);
  if (index === -1) return undefined;
  const { live, version } = newest[index] as Newest;
  const text = formatUuid(idAt(ids, index), 0);
  const actual = live ? `version ${version}` : "no row";
  const message = `${text}: expected another version, found ${actual}`;
  const error = new DvespError("VERSION_CONFLICT", message, { field: `if_versions[${index}]` });
  return { kind: "conflict", index, error };
}

function wholeRows(
  write: PackedUpdate,
  newest: readonly Newest[],
  found: readonly number[],
): PackedInsert | undefined {
  const metadata: Uint8Array[] = [];
  const vectors: Float32Array[] = [];
  const dimension = write.vectors ? write.vectors.length / idCount(write.ids) : 0;
  for (const index of found) {
    const { row } = newest[index] as Newest;
    if (!row && needsContents(write)) return undefined;
    const given = write.vectors?.subarray(index * dimension, (index + 1) * dimension);
    vectors.push(given ?? (row?.vector as Float32Array));
    metadata.push(newMetadata(write, index, row?.metadata));
  }
  return {
    kind: "insert",
    ids: pickIds(write.ids, found),
    vectors: packVectors(vectors),
    metadata: packBytes(metadata),
  };
}

function newMetadata(
  write: PackedUpdate,
  index: number,
  stored: Uint8Array | undefined,
): Uint8Array {
  if (!write.metadata) return stored as Uint8Array;
  const given = packedItem(write.metadata, index);
  if (write.metadata_mode === "replace") return given;
  const merged = mergeMetadata(stored as Uint8Array, given);
  if (merged.length <= limits.metadataBytesMax) return merged;
  const field = `metadata[${index}]`;
  throw new DvespError("TOO_LARGE", "merged metadata is over 64 KiB", { field });
}

function packVectors(rows: readonly Float32Array[]): Float32Array {
  const dimension = rows[0]?.length ?? 0;
  const packed = new Float32Array(rows.length * dimension);
  rows.forEach((row, index) => packed.set(row, index * dimension));
  return packed;
}
