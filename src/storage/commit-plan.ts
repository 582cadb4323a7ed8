/**
 * What a batch does to the table: pure, from the batch and the state before it to the writes of one
 * transaction and the head after it. A batch that contradicts that state is a bug of the caller.
 */
import { assert, DvespError, uuidBytes } from "../base/index.js";
import { ByteArena } from "./byte-arena.js";
import { encodeFile, readFile } from "./file-records.js";
import { encodeRuns, packIds, type PackedIds } from "./id-run.js";
import {
  expiryKey,
  expiryPrefix,
  headKey,
  idKey,
  numberKey,
  operationKey,
  operationOfExpiry,
  rangeOf,
  standingKey,
  tags,
} from "./keys.js";
import { encodeLeaves } from "./leaf-records.js";
import { encodePromise } from "./promise-records.js";
import {
  decodeOperation,
  encodeHead,
  encodeNothing,
  encodeOperation,
  encodeOrdinal,
  encodeRow,
  encodeStanding,
  encodeTombstone,
  isRowOf,
  type StoreHead,
} from "./records.js";
import { columnCount, columnsEnd, encodeColumns } from "./row-columns.js";
import type { CommitBatch, Operation, RowColumns, RowRecord, RowRemoval } from "./row-store.js";
import { encodeStages } from "./stage-records.js";
import type { TableSnapshot, TableWrite } from "./table.js";

/** Ordinals are below this, so that their successors fit into 32 bits too. */
const ordinalsMax = 2 ** 32 - 1;
/** Expired operations that one commit removes: more than it is likely to add. */
const sweptMin = 16;

export interface CommitPlan {
  readonly writes: readonly TableWrite[];
  readonly head: StoreHead;
}

export interface PlanInput {
  readonly batch: CommitBatch;
  readonly head: StoreHead;
  readonly before: TableSnapshot;
  /** From so many new rows on, their ids go into a run. */
  readonly runIdsMin: number;
}

/** Errors: `STORAGE_FULL` when no ordinals are left. */
export function planCommit(input: PlanInput): CommitPlan {
  return new Planner(input).plan();
}

/** The writes of a new store's first commit. */
export function planCreation(head: StoreHead): readonly TableWrite[] {
  return [encodeHead(new ByteArena(), headKey, head)];
}

/** Rows that `vectors` holds. */
export function vectorCount(vectors: Float32Array | undefined, dimension: number): number {
  const count = (vectors?.length ?? 0) / dimension;
  assert(Number.isInteger(count), "vectors are whole rows");
  return count;
}

class Planner {
  readonly #batch: CommitBatch;
  readonly #head: StoreHead;
  readonly #before: TableSnapshot;
  readonly #runIdsMin: number;
  readonly #arena = new ByteArena();
  readonly #writes: TableWrite[] = [];

  constructor({ batch, head, before, runIdsMin }: PlanInput) {
    this.#batch = batch;
    this.#head = head;
    this.#before = before;
    this.#runIdsMin = runIdsMin;
  }

  plan(): CommitPlan {
    const batch = this.#batch;
    const arena = this.#arena;
    const nextOrdinal = this.#head.nextOrdinal + vectorCount(batch.vectors, this.#head.dimension);
    if (nextOrdinal > ordinalsMax) throw new DvespError("STORAGE_FULL", "no ordinals are left");
    for (const removal of batch.removes) this.#removeRow(removal);
    const added = this.#putRows(batch.puts, nextOrdinal);
    const { columns } = batch;
    if (columns) this.#putColumns(columns, nextOrdinal);
    const runs = this.#putIds(packIds(added, columns));
    for (const id of batch.untombstone) this.#remove(idKey(tags.tombstone, id));
    for (const { id, version } of batch.tombstones) {
      this.#writes.push(encodeTombstone(arena, idKey(tags.tombstone, id), version));
    }
    this.#writes.push(...encodeLeaves(arena, batch.leaves, this.#before));
    this.#countFiles(added, nextOrdinal);
    this.#sweepOperations(batch);
    for (const operation of batch.operations) this.#putOperation(operation);
    this.#putReplication(batch);
    const head: StoreHead = {
      ...this.#head,
      nextOrdinal,
      rows: this.#head.rows + added.length + columnCount(columns) - batch.removes.length,
      nextRun: this.#head.nextRun + runs,
      appliedVersion: batch.appliedVersion,
      settings: batch.settings ?? this.#head.settings,
    };
    this.#writes.push(encodeHead(arena, headKey, head));
    return { writes: this.#writes, head };
  }

  #remove(key: Uint8Array): void {
    this.#writes.push({ key, value: undefined });
  }

  #removeRow({ ordinal, id, keepId }: RowRemoval): void {
    const key = numberKey(tags.row, ordinal);
    this.#assertRow(key, id, ordinal);
    this.#remove(key);
    if (!keepId) this.#remove(idKey(tags.id, id));
  }

  /** The rows that are new. */
  #putRows(puts: readonly RowRecord[], nextOrdinal: number): readonly RowRecord[] {
    const removed = new Set(this.#batch.removes.map((removal) => removal.ordinal));
    assert(removed.size === this.#batch.removes.length, "a row is removed once");
    const seen = new Set<number>();
    const added: RowRecord[] = [];
    for (const row of puts) {
      assert(!seen.has(row.ordinal) && !removed.has(row.ordinal), "a row is put once");
      assert(row.ordinal < nextOrdinal, "a record has a vector");
      seen.add(row.ordinal);
      const key = numberKey(tags.row, row.ordinal);
      if (row.ordinal < this.#head.nextOrdinal) {
        this.#assertRow(key, row.id, row.ordinal);
      } else {
        added.push(row);
      }
      this.#writes.push(encodeRow(this.#arena, key, row));
    }
    return added;
  }

  #putColumns(columns: RowColumns, nextOrdinal: number): void {
    const { firstOrdinal } = columns;
    const end = columnsEnd(columns);
    assert(firstOrdinal >= this.#head.nextOrdinal && end <= nextOrdinal, "columns are new rows");
    const isApart = ({ ordinal }: RowRecord): boolean => ordinal < firstOrdinal || ordinal >= end;
    assert(this.#batch.puts.every(isApart), "a row is put once");
    for (const write of encodeColumns(columns)) this.#writes.push(write);
  }

  /** Live rows of the files that the batch adds to or takes from. */
  #countFiles(added: readonly RowRecord[], nextOrdinal: number): void {
    const { rowsPerFile } = this.#head;
    const changes = new Map<number, number>();
    const change = (ordinal: number, by: number): void => {
      const first = ordinal - (ordinal % rowsPerFile);
      changes.set(first, (changes.get(first) ?? 0) + by);
    };
    // A file that only got places without rows is known too.
    for (let at = this.#head.nextOrdinal; at < nextOrdinal; at += rowsPerFile) change(at, 0);
    for (const { ordinal } of added) change(ordinal, 1);
    const { columns } = this.#batch;
    const end = columns ? columnsEnd(columns) : 0;
    for (let at = columns?.firstOrdinal ?? 0; at < end;) {
      const next = Math.min(end, at - (at % rowsPerFile) + rowsPerFile);
      change(at, next - at);
      at = next;
    }
    for (const { ordinal } of this.#batch.removes) change(ordinal, -1);
    for (const [firstOrdinal, by] of changes) {
      const file = readFile(this.#before, firstOrdinal);
      this.#writes.push(encodeFile(this.#arena, { ...file, liveRows: file.liveRows + by }));
    }
  }

  /** How many runs were made. */
  #putIds(added: PackedIds): number {
    const { ids, ordinals } = added;
    if (ordinals.length >= this.#runIdsMin) {
      const runs = encodeRuns(this.#arena, this.#head.nextRun, added);
      this.#writes.push(...runs);
      return runs.length;
    }
    ordinals.forEach((ordinal, index) => {
      const id = ids.subarray(index * uuidBytes, (index + 1) * uuidBytes);
      this.#writes.push(encodeOrdinal(this.#arena, idKey(tags.id, id), ordinal));
    });
    return 0;
  }

  /** What replicas of one shard promise each other, and know of themselves. */
  #putReplication({ promises = [], stages = [], standing }: CommitBatch): void {
    const arena = this.#arena;
    for (const { id, promise } of promises) {
      if (promise) this.#writes.push(encodePromise(arena, { id, ...promise }));
      else this.#remove(idKey(tags.promise, id));
    }
    this.#writes.push(...encodeStages(arena, stages, this.#before));
    if (standing) this.#writes.push(encodeStanding(arena, standingKey, standing));
  }

  #assertRow(key: Uint8Array, id: Uint8Array, ordinal: number): void {
    const value = this.#before.get(key);
    assert(value && isRowOf(value, id), `row ${ordinal} is a live row of that id`);
  }

  #putOperation({ key: text, expiresMs, value }: Operation): void {
    const key = operationKey(text);
    const known = this.#before.get(key);
    if (known) this.#remove(expiryKey(decodeOperation(key, known).expiresMs, text));
    this.#writes.push(encodeOperation(this.#arena, key, { expiresMs, value }));
    this.#writes.push(encodeNothing(this.#arena, expiryKey(expiresMs, text)));
  }

  /** Twice as many go as come, so that what has expired never piles up. */
  #sweepOperations({ nowMs, operations }: CommitBatch): void {
    const sweptMax = Math.max(sweptMin, 2 * operations.length);
    let swept = 0;
    const expired = { from: rangeOf(tags.expiry).from, to: expiryPrefix(nowMs) };
    for (const key of this.#before.keys(expired)) {
      this.#remove(key);
      this.#remove(operationKey(operationOfExpiry(key)));
      if (++swept === sweptMax) return;
    }
  }
}
