/**
 * What a write that depends on what is there comes to, given the newest row of each of its ids: whole rows
 * and tombstones, which every replica can take as they are.
 */
import { DvespError, formatUuid, limits, packBytes, packedItem } from "../../base/index.js";
import { compileFilter, parseFilter } from "../../filters/index.js";
import { decodeMetadata, mergeMetadata } from "../../protocol/index.js";
import type { Filter } from "../../protocol/index.js";
import type { PackedDelete, PackedInsert, PackedUpdate } from "../replica/messages.js";
import { idAt, idCount, pickIds } from "../replica/packed-rows.js";
import type { Newest } from "./promises.js";
import type { WholeWrite } from "./stand.js";

/** A delete by filter: rows that matched, with the versions in which they did. */
export interface MatchedDelete {
  readonly kind: "delete_matched";
  readonly ids: Uint8Array;
  readonly versions: readonly string[];
  readonly filter: Filter;
}

export type DependentWrite =
  PackedUpdate | (PackedDelete & { readonly ids: Uint8Array }) | MatchedDelete;

export type Verdict =
  /** The row at `index` is not what the caller expects. */
  | { readonly kind: "conflict"; readonly index: number; readonly error: DvespError }
  /** Rows must be seen with their contents before it can be said. */
  | { readonly kind: "contents" }
  /** `write` undefined: nothing is there to be written. `missing`: positions of ids without a row. */
  | {
      readonly kind: "write";
      readonly write: WholeWrite | undefined;
      readonly missing: readonly number[];
    };

/** Errors: `TOO_LARGE` for merged metadata over the limit. */
export function judge(write: DependentWrite, newest: readonly Newest[]): Verdict {
  switch (write.kind) {
    case "delete_matched":
      return judgeMatched(write, newest);
    case "delete":
    case "update":
      return conflictOf(write, newest) ?? judgeFound(write, newest);
  }
}

/** Whether a write cannot be judged by versions alone. */
export function needsContents(write: DependentWrite): boolean {
  if (write.kind !== "update") return false;
  return !write.vectors || !write.metadata || write.metadata_mode === "merge";
}

function judgeFound(
  write: Exclude<DependentWrite, MatchedDelete>,
  newest: readonly Newest[],
): Verdict {
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

/** Rows that changed since they matched are looked at again; what does not match any more stays. */
function judgeMatched(
  { ids, versions, filter }: MatchedDelete,
  newest: readonly Newest[],
): Verdict {
  const matches = compileFilter(parseFilter(filter));
  const found: number[] = [];
  for (const [index, { live, version, row }] of newest.entries()) {
    if (!live) continue;
    if (version !== versions[index]) {
      if (!row) return { kind: "contents" };
      if (!matches(decodeMetadata(row.metadata))) continue;
    }
    found.push(index);
  }
  const write = { kind: "delete" as const, ids: pickIds(ids, found) };
  return { kind: "write", write: found.length > 0 ? write : undefined, missing: [] };
}

function conflictOf(
  { if_versions: expected, ids }: Exclude<DependentWrite, MatchedDelete>,
  newest: readonly Newest[],
): Verdict | undefined {
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
    vectors: joinRows(vectors),
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

function joinRows(rows: readonly Float32Array[]): Float32Array {
  const dimension = rows[0]?.length ?? 0;
  const packed = new Float32Array(rows.length * dimension);
  rows.forEach((row, index) => packed.set(row, index * dimension));
  return packed;
}
