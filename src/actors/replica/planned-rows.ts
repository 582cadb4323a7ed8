/**
 * The rows that one commit changes, as they were and as they will be; pure, given the rows as the last
 * commit left them. Later changes see the earlier ones.
 *
 * Invariants: of two versions of a row the larger one wins, whatever the order in which they come; a
 * row's vector never changes under its ordinal; every ordinal handed out is in the result, as a live
 * row or as a hole.
 */
import { assert, packedItem } from "../../base/index.js";
import type { PackedBytes } from "../../base/index.js";
import { bytesCrc, vectorCrc } from "../../storage/index.js";
import type { RowColumns, RowRecord } from "../../storage/index.js";
import { allDiffer, idAt, idCount, joinVectors, keyOf, pickVectors } from "./packed-rows.js";
import { buryRow, putRow, versionAfter } from "./row-change.js";
import type { RowChange } from "./row-change.js";

/** The rows as the last commit left them. */
export interface RowView {
  row(ordinal: number): RowRecord | undefined;
  ordinalOf(id: Uint8Array): number | undefined;
  tombstone(id: Uint8Array): string | undefined;
  /** Whether any of the ids, 16 bytes each, has a row or a tombstone. */
  knowsAny(ids: Uint8Array): boolean;
}

/** Whole rows; `vectors` and `metadata` are those of `changes`, in order. */
export interface FullRows {
  readonly changes: readonly RowChange[];
  readonly versionOf: (index: number) => string;
  readonly vectors: Float32Array;
  readonly metadata: PackedBytes;
}

/** New rows that share a version; `vectors` and `metadata` are those of `ids`, in order. */
export interface NewRows {
  readonly ids: Uint8Array;
  readonly version: string;
  readonly vectors: Float32Array;
  readonly metadata: PackedBytes;
}

interface FreshRows extends NewRows {
  readonly firstOrdinal: number;
}

/** Fewer rows are not worth columns. */
const columnRowsMin = 256;

export class PlannedRows {
  readonly #view: RowView;
  readonly #horizon: string;
  readonly #changes = new Map<string, RowChange>();
  /** New rows that nobody has asked for one by one. */
  #fresh: FreshRows | undefined;
  /** The same, with checksums, once those were asked for. */
  #columns: RowColumns | undefined;
  readonly #vectors: Float32Array[] = [];
  #packed: Float32Array | undefined;
  readonly dimension: number;
  readonly firstOrdinal: number;
  #nextOrdinal: number;

  /** `horizon`: tombstones up to this version are gone; "" for none. */
  constructor(view: RowView, dimension: number, nextOrdinal: number, horizon = "") {
    this.#view = view;
    this.#horizon = horizon;
    this.dimension = dimension;
    this.firstOrdinal = nextOrdinal;
    this.#nextOrdinal = nextOrdinal;
  }

  /** Rows that were looked at, changed or not: all of them one by one, so that none are in `columns`. */
  get changes(): IterableIterator<RowChange> {
    this.#dissolve();
    return this.#changes.values();
  }

  /** Rows of a large insert of new rows; none, as soon as anything looks at single ones. */
  get columnRows(): number {
    return this.#fresh ? idCount(this.#fresh.ids) : 0;
  }

  /** The same. Checksums are made when this is first asked for: their vectors may be on the way by then. */
  get columns(): RowColumns | undefined {
    return (this.#columns ??= this.#fresh && columnsOf(this.#fresh, this.dimension));
  }

  /** Rows that were looked at, changed or not, beside `columns`. */
  get singles(): IterableIterator<RowChange> {
    return this.#changes.values();
  }

  get nextOrdinal(): number {
    return this.#nextOrdinal;
  }

  /** New vectors, packed, in ordinal order from `firstOrdinal`. */
  vectors(): Float32Array {
    return (this.#packed ??= joinVectors(this.#vectors));
  }

  has(id: Uint8Array): boolean {
    this.#dissolve();
    return this.#changes.has(keyOf(id));
  }

  of(id: Uint8Array): RowChange {
    this.#dissolve();
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

  /** Of packed ids, in order. */
  ofAll(ids: Uint8Array): RowChange[] {
    return Array.from({ length: idCount(ids) }, (_, index) => this.of(idAt(ids, index)));
  }

  isNewer(version: string, change: RowChange): boolean {
    return version > (versionAfter(change) ?? this.#horizon);
  }

  /** Takes vectors for the ordinals that follow; the first of those. */
  append(vectors: Float32Array): number {
    const first = this.#nextOrdinal;
    assert(!this.#packed, "vectors are asked for when all writes are planned");
    if (vectors.length > 0) this.#vectors.push(vectors);
    this.#nextOrdinal += vectors.length / this.dimension;
    assert(Number.isInteger(this.#nextOrdinal), "vectors are whole rows");
    return first;
  }

  /** Puts rows of one version, where they are newer than what is there. */
  put(rows: NewRows): void {
    if (this.#putColumns(rows)) return;
    const { ids, version, vectors, metadata } = rows;
    const changes = this.ofAll(ids);
    this.putNewer({ changes, versionOf: () => version, vectors, metadata });
  }

  /** False, and nothing is done, when they are few, or not all new. */
  #putColumns({ ids, version, vectors, metadata }: NewRows): boolean {
    const count = idCount(ids);
    if (count < columnRowsMin || this.#fresh || this.#changes.size > 0) return false;
    if (version <= this.#horizon || !allDiffer(ids) || this.#view.knowsAny(ids)) return false;
    this.#fresh = { firstOrdinal: this.append(vectors), ids, version, vectors, metadata };
    return true;
  }

  /** From columns to a change for each row. */
  #dissolve(): void {
    const { columns } = this;
    if (!columns) return;
    this.#fresh = undefined;
    this.#columns = undefined;
    const { firstOrdinal, ids, version, vectorCrcs, metadataCrcs, metadata } = columns;
    for (let row = 0; row < vectorCrcs.length; row++) {
      const after = {
        ...{ ordinal: firstOrdinal + row, id: idAt(ids, row), version },
        ...{ vectorCrc: vectorCrcs[row] as number, metadataCrc: metadataCrcs[row] as number },
        metadata: packedItem(metadata, row),
      };
      const { id } = after;
      const nothing = { before: undefined, beforeTombstone: undefined, afterTombstone: undefined };
      this.#changes.set(keyOf(id), { id, after, ...nothing });
    }
  }

  /** Puts the rows that are newer than what is there; vectors of the others are not stored. */
  putNewer({ changes, versionOf, vectors, metadata }: FullRows): void {
    const newer: number[] = [];
    changes.forEach((change, index) => {
      if (this.isNewer(versionOf(index), change)) newer.push(index);
    });
    const stored = pickVectors(vectors, newer, this.dimension);
    const first = this.append(stored);
    newer.forEach((index, position) => {
      const change = changes[index] as RowChange;
      // An id that comes twice was put by its first row.
      if (!this.isNewer(versionOf(index), change)) return;
      const crc = vectorCrc(stored, position, this.dimension);
      const where = { ordinal: first + position, vectorCrc: crc };
      putRow(change, versionOf(index), where, packedItem(metadata, index));
    });
  }

  /** Leaves a tombstone where that is newer than what is there. */
  buryOlder(change: RowChange, version: string): void {
    if (this.isNewer(version, change)) buryRow(change, version);
  }

  /**
   * Gives live rows, with their vectors, new ordinals; all else about them stays, so that nobody sees
   * a difference but the one who counts the room.
   */
  move(rows: readonly RowRecord[], vectors: Float32Array): void {
    const first = this.append(vectors);
    rows.forEach((row, index) => {
      this.of(row.id).after = { ...row, ordinal: first + index };
    });
  }
}

function columnsOf(rows: FreshRows, dimension: number): RowColumns {
  const { firstOrdinal, ids, version, vectors, metadata } = rows;
  const count = idCount(ids);
  const vectorCrcs = new Uint32Array(count);
  const metadataCrcs = new Uint32Array(count);
  for (let row = 0; row < count; row++) {
    vectorCrcs[row] = vectorCrc(vectors, row, dimension);
    metadataCrcs[row] = bytesCrc(packedItem(metadata, row));
  }
  return { firstOrdinal, ids, version, vectorCrcs, metadataCrcs, metadata };
}
