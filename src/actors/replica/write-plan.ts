/**
 * Turns a group of writes into one commit, without touching anything: pure, given the rows as they
 * stand. Later writes of a group see the earlier ones. A write that is refused leaves no trace.
 *
 * Invariants: of two writes of one row the larger version wins, whatever the order in which they
 * come; a row's vector never changes under its ordinal; every ordinal handed out is in `ordinals`
 * of the result, as a live row or as a hole.
 */
import {
  DvespError,
  assert,
  formatUuid,
  limits,
  packedItem,
  present,
  uuidBytes,
} from "../../base/index.js";
import { rowTest } from "../../payload/index.js";
import { mergeMetadata } from "../../protocol/index.js";
import type { Filter } from "../../protocol/index.js";
import { bytesCrc, vectorCrc } from "../../storage/index.js";
import type { RowRecord } from "../../storage/index.js";
import type { PackedDelete, PackedInsert, PackedUpdate, PackedWrite } from "./messages.js";

/** The rows as the last commit left them. */
export interface RowView {
  row(ordinal: number): RowRecord | undefined;
  ordinalOf(id: Uint8Array): number | undefined;
  tombstone(id: Uint8Array): string | undefined;
}

/** The rows of a view that a filter admits. Errors: `INVALID_ARGUMENT`. */
export type RowFinder = (filter: Filter) => Iterable<RowRecord>;

/** One row before and after the group. */
export interface RowChange {
  readonly id: Uint8Array;
  readonly before: RowRecord | undefined;
  readonly beforeTombstone: string | undefined;
  after: RowRecord | undefined;
  afterTombstone: string | undefined;
}

export interface PlannedIds {
  readonly ids: Uint8Array;
  readonly missing: Uint8Array;
}

export class WritePlan {
  readonly #view: RowView;
  readonly #findRows: RowFinder | undefined;
  readonly #dimension: number;
  readonly #changes = new Map<string, RowChange>();
  readonly #vectors: Float32Array[] = [];
  #packed: Float32Array | undefined;
  readonly firstOrdinal: number;
  #nextOrdinal: number;

  /** `find`: for plans that delete by filter. */
  constructor(view: RowView, dimension: number, nextOrdinal: number, find?: RowFinder) {
    this.#view = view;
    this.#findRows = find;
    this.#dimension = dimension;
    this.firstOrdinal = nextOrdinal;
    this.#nextOrdinal = nextOrdinal;
  }

  /** Rows that the group touched, with what they were. */
  get changes(): IterableIterator<RowChange> {
    return this.#changes.values();
  }

  get nextOrdinal(): number {
    return this.#nextOrdinal;
  }

  /** New vectors, packed, in ordinal order from `firstOrdinal`. */
  vectors(): Float32Array {
    return (this.#packed ??= joined(this.#vectors));
  }

  /** Adds a write. Errors: `VERSION_CONFLICT`, `TOO_LARGE`, `INVALID_ARGUMENT`; then nothing of it is planned. */
  add(write: PackedWrite, version: string): PlannedIds {
    switch (write.kind) {
      case "insert":
        return this.#insert(write, version);
      case "update":
        return this.#update(write, version);
      case "delete":
        return this.#delete(write, version);
    }
  }

  /**
   * Gives live rows, with their vectors, new ordinals; all else about them stays, so that nobody sees
   * a difference but the one who counts the room.
   */
  move(rows: readonly RowRecord[], vectors: Float32Array): void {
    const first = this.#append(vectors);
    rows.forEach((row, index) => {
      this.#change(row.id).after = { ...row, ordinal: first + index };
    });
  }

  #insert(write: PackedInsert, version: string): PlannedIds {
    const first = this.#append(write.vectors);
    const count = write.ids.length / uuidBytes;
    for (let index = 0; index < count; index++) {
      const change = this.#change(idAt(write.ids, index));
      const metadata = packedItem(write.metadata, index);
      const vector = vectorCrc(write.vectors, index, this.#dimension);
      const fresh = { ordinal: first + index, vectorCrc: vector };
      if (isNewer(version, change)) put(change, version, fresh, metadata);
    }
    return { ids: write.ids, missing: new Uint8Array(0) };
  }

  #update(write: PackedUpdate, version: string): PlannedIds {
    const { found, missing } = this.#find(write.ids, write.if_versions);
    const metadata = found.map((index) => this.#newMetadata(write, index));
    const vectors = write.vectors && pickRows(write.vectors, found, this.#dimension);
    const first = vectors ? this.#append(vectors) : 0;
    found.forEach((index, position) => {
      const change = this.#change(idAt(write.ids, index));
      const row = change.after as RowRecord;
      const where = vectors
        ? { ordinal: first + position, vectorCrc: vectorCrc(vectors, position, this.#dimension) }
        : row;
      if (isNewer(version, change)) put(change, version, where, metadata[position] ?? row.metadata);
    });
    return { ids: pickIds(write.ids, found), missing: pickIds(write.ids, missing) };
  }

  #newMetadata(write: PackedUpdate, index: number): Uint8Array | undefined {
    if (!write.metadata) return undefined;
    const given = packedItem(write.metadata, index);
    if (write.metadata_mode === "replace") return given;
    const row = this.#change(idAt(write.ids, index)).after as RowRecord;
    const merged = mergeMetadata(row.metadata, given);
    if (merged.length > limits.metadataBytesMax) {
      throw new DvespError("TOO_LARGE", "merged metadata is over 64 KiB", {
        field: `metadata[${index}]`,
      });
    }
    return merged;
  }

  #delete(write: PackedDelete, version: string): PlannedIds {
    const ids = write.ids ?? this.#matching(write.filter ?? {});
    const { found, missing } = this.#find(ids, write.if_versions);
    for (const index of found) {
      const change = this.#change(idAt(ids, index));
      if (!isNewer(version, change)) continue;
      change.after = undefined;
      change.afterTombstone = version;
    }
    return { ids: pickIds(ids, found), missing: pickIds(ids, missing) };
  }

  /** Splits `ids` into positions of rows that exist and positions of those that do not. */
  #find(
    ids: Uint8Array,
    expected: readonly string[] | undefined,
  ): { found: number[]; missing: number[] } {
    const found: number[] = [];
    const missing: number[] = [];
    for (let index = 0; index < ids.length / uuidBytes; index++) {
      const row = this.#change(idAt(ids, index)).after;
      if (expected && row?.version !== expected[index]) {
        const id = formatUuid(ids, index * uuidBytes);
        const actual = row ? `version ${row.version}` : "no row";
        throw new DvespError(
          "VERSION_CONFLICT",
          `${id}: expected another version, found ${actual}`,
          {
            field: `if_versions[${index}]`,
          },
        );
      }
      (row ? found : missing).push(index);
    }
    return { found, missing };
  }

  #matching(filter: Filter): Uint8Array {
    const ids: Uint8Array[] = [];
    const take = (row: RowRecord): void => {
      ids.push(row.id);
      if (ids.length <= limits.deleteRowsMax) return;
      throw new DvespError("TOO_LARGE", `the filter matches over ${limits.deleteRowsMax} rows`, {
        field: "filter",
      });
    };
    const rows = present(this.#findRows, "a way to find rows by filter")(filter);
    for (const row of rows) if (!this.#changes.has(keyOf(row.id))) take(row);
    const admits = rowTest(filter);
    for (const { after } of this.#changes.values()) if (after && admits(after)) take(after);
    return concatIds(ids);
  }

  #append(vectors: Float32Array): number {
    const first = this.#nextOrdinal;
    assert(!this.#packed, "vectors are asked for when all writes are planned");
    if (vectors.length > 0) this.#vectors.push(vectors);
    this.#nextOrdinal += vectors.length / this.#dimension;
    assert(Number.isInteger(this.#nextOrdinal), "vectors are whole rows");
    return first;
  }

  #change(id: Uint8Array): RowChange {
    const key = keyOf(id);
    const known = this.#changes.get(key);
    if (known) return known;
    const ordinal = this.#view.ordinalOf(id);
    const before = ordinal === undefined ? undefined : this.#view.row(ordinal);
    const beforeTombstone = before ? undefined : this.#view.tombstone(id);
    const change = { id, before, beforeTombstone, after: before, afterTombstone: beforeTombstone };
    this.#changes.set(key, change);
    return change;
  }
}

function put(
  change: RowChange,
  version: string,
  where: { readonly ordinal: number; readonly vectorCrc: number },
  metadata: Uint8Array,
): void {
  const { ordinal, vectorCrc: crc } = where;
  const metadataCrc = bytesCrc(metadata);
  change.after = { ordinal, id: change.id, version, vectorCrc: crc, metadataCrc, metadata };
  change.afterTombstone = undefined;
}

function isNewer(version: string, change: RowChange): boolean {
  return version > (change.after?.version ?? change.afterTombstone ?? "");
}

/** An id as a text of eight UTF-16 units: the fastest key for a map that there is. */
function keyOf(id: Uint8Array): string {
  const unit = (at: number): number => (id[at] as number) | ((id[at + 1] as number) << 8);
  // prettier-ignore
  return String.fromCharCode(unit(0), unit(2), unit(4), unit(6), unit(8), unit(10), unit(12), unit(14));
}

function idAt(ids: Uint8Array, index: number): Uint8Array {
  return ids.subarray(index * uuidBytes, (index + 1) * uuidBytes);
}

function pickIds(ids: Uint8Array, indexes: readonly number[]): Uint8Array {
  if (indexes.length * uuidBytes === ids.length) return ids;
  return concatIds(indexes.map((index) => idAt(ids, index)));
}

function concatIds(ids: readonly Uint8Array[]): Uint8Array {
  const packed = new Uint8Array(ids.length * uuidBytes);
  ids.forEach((id, index) => packed.set(id, index * uuidBytes));
  return packed;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0] as Float32Array;
  const packed = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  return packed;
}

function pickRows(
  vectors: Float32Array,
  indexes: readonly number[],
  dimension: number,
): Float32Array {
  if (indexes.length * dimension === vectors.length) return vectors;
  const packed = new Float32Array(indexes.length * dimension);
  indexes.forEach((row, index) => {
    packed.set(vectors.subarray(row * dimension, (row + 1) * dimension), index * dimension);
  });
  return packed;
}
