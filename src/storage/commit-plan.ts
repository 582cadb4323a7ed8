/**
 * What a batch does to the table: pure, from the batch and the state before it to the writes of one
 * transaction and the head after it. A batch that contradicts that state is a bug of the caller.
 */
import { assert, DvespError } from "../base/index.js";
import { ByteArena } from "./byte-arena.js";
import {
  expiryKey,
  expiryPrefix,
  headKey,
  idKey,
  numberKey,
  operationKey,
  operationOfExpiry,
  rangeOf,
  tags,
} from "./keys.js";
import {
  decodeOperation,
  encodeHead,
  encodeLeaf,
  encodeNothing,
  encodeOperation,
  encodeOrdinal,
  encodeRow,
  encodeTombstone,
  isRowOf,
  type StoreHead,
} from "./records.js";
import type { CommitBatch, Operation, RowRecord, RowRemoval } from "./row-store.js";
import type { TableSnapshot, TableWrite } from "./table.js";

/** Ordinals are below this, so that their successors fit into 32 bits too. */
const ordinalsMax = 2 ** 32 - 1;
/** Expired operations that one commit removes: more than it is likely to add. */
const sweptMin = 16;

export interface CommitPlan {
  readonly writes: readonly TableWrite[];
  readonly head: StoreHead;
}

/** Errors: `STORAGE_FULL` when no ordinals are left. */
export function planCommit(batch: CommitBatch, head: StoreHead, before: TableSnapshot): CommitPlan {
  return new Planner(batch, head, before).plan();
}

/** The writes of a new store's first commit. */
export function planCreation(head: StoreHead): readonly TableWrite[] {
  return [{ key: headKey, value: encodeHead(new ByteArena(), headKey, head) }];
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
  readonly #arena = new ByteArena();
  readonly #writes: TableWrite[] = [];

  constructor(batch: CommitBatch, head: StoreHead, before: TableSnapshot) {
    this.#batch = batch;
    this.#head = head;
    this.#before = before;
  }

  plan(): CommitPlan {
    const batch = this.#batch;
    const arena = this.#arena;
    const nextOrdinal = this.#head.nextOrdinal + vectorCount(batch.vectors, this.#head.dimension);
    if (nextOrdinal > ordinalsMax) throw new DvespError("STORAGE_FULL", "no ordinals are left");
    for (const removal of batch.removes) this.#remove(removal);
    const added = this.#putRows(batch.puts, nextOrdinal);
    for (const id of batch.untombstone) this.#write(idKey(tags.tombstone, id), undefined);
    for (const { id, version } of batch.tombstones) {
      const key = idKey(tags.tombstone, id);
      this.#write(key, encodeTombstone(arena, key, version));
    }
    for (const { bucket, leaf } of batch.leaves) {
      const key = numberKey(tags.leaf, bucket);
      this.#write(key, encodeLeaf(arena, key, leaf));
    }
    this.#sweepOperations(batch);
    for (const operation of batch.operations) this.#putOperation(operation);
    const head: StoreHead = {
      ...this.#head,
      nextOrdinal,
      rows: this.#head.rows + added - batch.removes.length,
      appliedVersion: batch.appliedVersion,
      settings: batch.settings ?? this.#head.settings,
    };
    this.#write(headKey, encodeHead(arena, headKey, head));
    return { writes: this.#writes, head };
  }

  #write(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#writes.push({ key, value });
  }

  #remove({ ordinal, id, keepId }: RowRemoval): void {
    const key = numberKey(tags.row, ordinal);
    this.#assertRow(key, id, ordinal);
    this.#write(key, undefined);
    if (!keepId) this.#write(idKey(tags.id, id), undefined);
  }

  /** How many rows are new. */
  #putRows(puts: readonly RowRecord[], nextOrdinal: number): number {
    const removed = new Set(this.#batch.removes.map((removal) => removal.ordinal));
    assert(removed.size === this.#batch.removes.length, "a row is removed once");
    const seen = new Set<number>();
    let added = 0;
    for (const row of puts) {
      assert(!seen.has(row.ordinal) && !removed.has(row.ordinal), "a row is put once");
      assert(row.ordinal < nextOrdinal, "a record has a vector");
      seen.add(row.ordinal);
      const key = numberKey(tags.row, row.ordinal);
      if (row.ordinal < this.#head.nextOrdinal) {
        this.#assertRow(key, row.id, row.ordinal);
      } else {
        added++;
        const byId = idKey(tags.id, row.id);
        this.#write(byId, encodeOrdinal(this.#arena, byId, row.ordinal));
      }
      this.#write(key, encodeRow(this.#arena, key, row));
    }
    return added;
  }

  #assertRow(key: Uint8Array, id: Uint8Array, ordinal: number): void {
    const value = this.#before.get(key);
    assert(value && isRowOf(value, id), `row ${ordinal} is a live row of that id`);
  }

  #putOperation({ key: text, expiresMs, value }: Operation): void {
    const key = operationKey(text);
    const known = this.#before.get(key);
    if (known) this.#write(expiryKey(decodeOperation(key, known).expiresMs, text), undefined);
    this.#write(key, encodeOperation(this.#arena, key, { expiresMs, value }));
    const expiry = expiryKey(expiresMs, text);
    this.#write(expiry, encodeNothing(this.#arena, expiry));
  }

  /** Twice as many go as come, so that what has expired never piles up. */
  #sweepOperations({ nowMs, operations }: CommitBatch): void {
    const sweptMax = Math.max(sweptMin, 2 * operations.length);
    let swept = 0;
    const expired = { from: rangeOf(tags.expiry).from, to: expiryPrefix(nowMs) };
    for (const key of this.#before.keys(expired)) {
      this.#write(key, undefined);
      this.#write(operationKey(operationOfExpiry(key)), undefined);
      if (++swept === sweptMax) return;
    }
  }
}
