/**
 * Records of rows that searches have found, checked when they were read and kept for the next search
 * that finds them: to read a record takes as long as a twentieth of a walk, and an answer has ten.
 *
 * What is kept stands in the snapshot at hand, byte for byte: before a view is looked at, all rows that the
 * log of changes names since the view before it are forgotten, and an ordinal is not given to another
 * row once committed. That no row is there is never kept.
 *
 * Each ordinal has one place, shared with others, so that little is to be kept in order. All is
 * forgotten when the metadata takes too much memory; a row with much of it is not kept.
 */
import { formatUuid } from "../../base/index.js";
import type { ChangeLog, RowView } from "../../payload/index.js";
import type { RowRecord } from "../../storage/index.js";

const placesMin = 1024;
const placesMax = 1 << 16;
const metadataBytesMax = 16 * 1024 * 1024;
const rowBytesMax = 2048;

/** A row of which the snapshot has a record. */
export interface KnownRow {
  readonly ordinal: number;
  readonly id: string;
  readonly version: string;
  readonly vectorCrc: number;
  readonly metadata: Uint8Array;
}

export class KnownRows {
  readonly #changes: ChangeLog;
  #places: (KnownRow | undefined)[] = [];
  #metadataBytes = 0;
  #view: RowView | undefined;
  /** All changes below are heeded. */
  #position = 0;

  constructor(changes: ChangeLog) {
    this.#changes = changes;
  }

  /** The row as the view shows it, undefined if it does not. Errors: `DATA_CORRUPTED`. */
  row(view: RowView, ordinal: number): KnownRow | undefined {
    if (view !== this.#view) this.#moveTo(view);
    const kept = this.#places[ordinal & (this.#places.length - 1)];
    if (kept?.ordinal === ordinal) return kept;
    const record = view.snapshot.row(ordinal);
    return record && this.#keep(knownRow(record));
  }

  /** Views come in the order in which they were taken. */
  #moveTo(view: RowView): void {
    const changed = this.#changes.since(this.#position);
    const { nextOrdinal } = view.snapshot;
    const isTooSmall = this.#places.length < Math.min(nextOrdinal, placesMax);
    if (!changed || isTooSmall) this.#forgetAll(nextOrdinal);
    else for (const ordinal of changed) this.#forget(ordinal);
    this.#view = view;
    this.#position = view.settled;
  }

  #forget(ordinal: number): void {
    const place = ordinal & (this.#places.length - 1);
    const kept = this.#places[place];
    if (kept?.ordinal !== ordinal) return;
    this.#places[place] = undefined;
    this.#metadataBytes -= kept.metadata.length;
  }

  #forgetAll(rows: number): void {
    let places = placesMin;
    while (places < Math.min(rows, placesMax)) places *= 2;
    this.#places = new Array<undefined>(places).fill(undefined);
    this.#metadataBytes = 0;
  }

  #keep(row: KnownRow): KnownRow {
    const { length } = row.metadata;
    if (length > rowBytesMax) return row;
    const place = row.ordinal & (this.#places.length - 1);
    this.#metadataBytes += length - (this.#places[place]?.metadata.length ?? 0);
    if (this.#metadataBytes > metadataBytesMax) {
      this.#forgetAll(this.#places.length);
      this.#metadataBytes = length;
    }
    this.#places[place] = row;
    return row;
  }
}

/** A record as answers name it. */
export function knownRow({ ordinal, id, version, vectorCrc, metadata }: RowRecord): KnownRow {
  return { ordinal, id: formatUuid(id, 0), version, vectorCrc, metadata };
}
