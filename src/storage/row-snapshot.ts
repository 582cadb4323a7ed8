/** A snapshot of the table, read as rows, ids, tombstones, leaves and operations. */
import type {
  IdEntry,
  IdPromise,
  MerkleLeaf,
  Operation,
  RowRecord,
  RowSnapshot,
  Stage,
  Tombstone,
} from "./row-store.js";
import { assert, present, uuidBytes } from "../base/index.js";
import type { IdFilter } from "./id-filter.js";
import { IdLookup } from "./id-lookup.js";
import type { IdRuns } from "./id-runs.js";
import {
  headKey,
  idKey,
  idOfKey,
  numberKey,
  numberOfKey,
  justAbove,
  operationKey,
  operationOfKey,
  rangeOf,
  standingKey,
  tags,
  textRange,
} from "./keys.js";
import { decodeLeaves } from "./leaf-records.js";
import { decodePromise } from "./promise-records.js";
import {
  decodeHead,
  decodeOperation,
  decodeRow,
  decodeStanding,
  decodeTombstone,
  type StoreHead,
} from "./records.js";
import { readStage, readStages } from "./stage-records.js";
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
  readonly #runs: IdRuns;
  /** Has every id and tombstone of this snapshot, if there is one. */
  readonly #filter: IdFilter | undefined;
  #madeIds: IdLookup | undefined;

  /** `table` holds a head record. */
  constructor(table: TableSnapshot, runs: IdRuns, filter: IdFilter | undefined) {
    this.#table = table;
    this.#head = present(readHead(table), "the head record");
    this.#runs = runs;
    this.#filter = filter;
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
    if (this.#filter?.mayHave(id) === false) return undefined;
    return this.#ids.ordinalOf(id);
  }

  tombstone(id: Uint8Array): string | undefined {
    if (this.#filter?.mayHave(id) === false) return undefined;
    const key = idKey(tags.tombstone, id);
    const value = this.#table.get(key);
    return value && decodeTombstone(key, value);
  }

  knowsAny(ids: Uint8Array): boolean {
    for (let at = 0; at < ids.length; at += uuidBytes) {
      if (this.#filter?.mayHave(ids, at) === false) continue;
      const id = ids.subarray(at, at + uuidBytes);
      if (this.ordinalOf(id) !== undefined || this.tombstone(id) !== undefined) return true;
    }
    return false;
  }

  operation(key: string, nowMs: number): Uint8Array | undefined {
    const tableKey = operationKey(key);
    const value = this.#table.get(tableKey);
    const operation = value && decodeOperation(tableKey, value);
    return operation && operation.expiresMs > nowMs ? operation.value : undefined;
  }

  *operations(prefix: string, after: string, nowMs: number): Iterable<Operation> {
    const range = textRange(tags.operation, prefix, after);
    for (const { key, value } of this.#table.entries(range)) {
      const operation = decodeOperation(key, value);
      if (operation.expiresMs > nowMs) yield { key: operationOfKey(key), ...operation };
    }
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

  scanIds(after: Uint8Array | undefined): Iterable<IdEntry> {
    return this.#ids.scan(after);
  }

  *leaves(): Iterable<MerkleLeaf> {
    for (const { key, value } of this.#table.entries(rangeOf(tags.leaves))) {
      yield* decodeLeaves(key, value);
    }
  }

  *tombstones(after?: Uint8Array): Iterable<Tombstone> {
    const all = rangeOf(tags.tombstone);
    const from = after ? justAbove(idKey(tags.tombstone, after)) : all.from;
    for (const { key, value } of this.#table.entries({ from, to: all.to })) {
      yield { id: idOfKey(key), version: decodeTombstone(key, value) };
    }
  }

  *promises(): Iterable<IdPromise> {
    for (const { key, value } of this.#table.entries(rangeOf(tags.promise))) {
      yield decodePromise(key, value);
    }
  }

  get standing(): Uint8Array | undefined {
    const value = this.#table.get(standingKey);
    return value && decodeStanding(standingKey, value);
  }

  stages(): Iterable<{ readonly operation: string; readonly info: Uint8Array }> {
    return readStages(this.#table);
  }

  stage(operation: string): Stage | undefined {
    return readStage(this.#table, operation);
  }

  release(): void {
    this.#table.release();
  }

  get #ids(): IdLookup {
    return (this.#madeIds ??= new IdLookup(this.#table, this.#runs.of(this.#table, this.#head)));
  }
}

/** Keys of rows from `ordinal` on, or undefined when it is beyond every ordinal. */
function rowsFrom(ordinal: number): KeyRange | undefined {
  assert(Number.isInteger(ordinal) && ordinal >= 0, "an ordinal is a whole number");
  if (ordinal >= ordinalEnd) return undefined;
  return { from: numberKey(tags.row, ordinal), to: rangeOf(tags.row).to };
}
