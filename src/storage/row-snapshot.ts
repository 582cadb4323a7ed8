/** A snapshot of the table, read as rows, ids, tombstones, leaves and operations. */
import type { IdEntry, MerkleLeaf, RowRecord, RowSnapshot, Tombstone } from "./row-store.js";
import { assert, present } from "../base/index.js";
import {
  headKey,
  idKey,
  idOfKey,
  numberKey,
  numberOfKey,
  operationKey,
  rangeOf,
  tags,
} from "./keys.js";
import {
  decodeHead,
  decodeLeaf,
  decodeOperation,
  decodeOrdinal,
  decodeRow,
  decodeTombstone,
  type StoreHead,
} from "./records.js";
import type { KeyRange, TableSnapshot } from "./table.js";

const ordinalEnd = 2 ** 32;

/** The head record, or undefined in a table that has none yet. Errors: `DATA_CORRUPTED`. */
export function readHead(table: TableSnapshot): StoreHead | undefined {
  const value = table.get(headKey);
  return value && decodeHead(headKey, value);
}

export class TableRowSnapshot implements RowSnapshot {
  readonly #table: TableSnapshot;
  readonly #head: StoreHead;

  /** `table` holds a head record. */
  constructor(table: TableSnapshot) {
    this.#table = table;
    this.#head = present(readHead(table), "the head record");
  }

  get appliedVersion(): string {
    return this.#head.appliedVersion;
  }

  get rows(): number {
    return this.#head.rows;
  }

  get nextOrdinal(): number {
    return this.#head.nextOrdinal;
  }

  get settings(): Uint8Array {
    return this.#head.settings;
  }

  row(ordinal: number): RowRecord | undefined {
    const key = numberKey(tags.row, ordinal);
    const value = this.#table.get(key);
    return value && decodeRow(key, value);
  }

  ordinalOf(id: Uint8Array): number | undefined {
    const key = idKey(tags.id, id);
    const value = this.#table.get(key);
    return value && decodeOrdinal(key, value);
  }

  tombstone(id: Uint8Array): string | undefined {
    const key = idKey(tags.tombstone, id);
    const value = this.#table.get(key);
    return value && decodeTombstone(key, value);
  }

  operation(key: string, nowMs: number): Uint8Array | undefined {
    const tableKey = operationKey(key);
    const value = this.#table.get(tableKey);
    const operation = value && decodeOperation(tableKey, value);
    return operation && operation.expiresMs > nowMs ? operation.value : undefined;
  }

  *scan(fromOrdinal: number): Iterable<RowRecord> {
    const range = rowsFrom(fromOrdinal);
    if (!range) return;
    for (const { key, value } of this.#table.entries(range)) yield decodeRow(key, value);
  }

  *scanOrdinals(fromOrdinal: number): Iterable<number> {
    const range = rowsFrom(fromOrdinal);
    if (!range) return;
    for (const key of this.#table.keys(range)) yield numberOfKey(key);
  }

  *scanIds(after: Uint8Array | undefined): Iterable<IdEntry> {
    const all = rangeOf(tags.id);
    const from = after ? justAbove(idKey(tags.id, after)) : all.from;
    for (const { key, value } of this.#table.entries({ from, to: all.to })) {
      yield { id: idOfKey(key), ordinal: decodeOrdinal(key, value) };
    }
  }

  *leaves(): Iterable<MerkleLeaf> {
    for (const { key, value } of this.#table.entries(rangeOf(tags.leaf))) {
      yield { bucket: numberOfKey(key), leaf: decodeLeaf(key, value) };
    }
  }

  *tombstones(): Iterable<Tombstone> {
    for (const { key, value } of this.#table.entries(rangeOf(tags.tombstone))) {
      yield { id: idOfKey(key), version: decodeTombstone(key, value) };
    }
  }

  release(): void {
    this.#table.release();
  }
}

/** Keys of rows from `ordinal` on, or undefined when it is beyond every ordinal. */
function rowsFrom(ordinal: number): KeyRange | undefined {
  assert(Number.isInteger(ordinal) && ordinal >= 0, "an ordinal is a whole number");
  if (ordinal >= ordinalEnd) return undefined;
  return { from: numberKey(tags.row, ordinal), to: rangeOf(tags.row).to };
}

/** The lowest key above `key`. */
function justAbove(key: Uint8Array): Uint8Array {
  const above = new Uint8Array(key.length + 1);
  above.set(key);
  return above;
}
