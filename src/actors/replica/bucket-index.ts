/**
 * Which rows and tombstones lie in which bucket of the Merkle tree, so that finding those of a few
 * buckets costs neither hashing nor reading all the others. Made when it is first asked for, in slices;
 * kept up by every commit from then on. What it says is a hint: whoever asks looks it up in a snapshot.
 *
 * Invariant: every row and tombstone of the newest commit is in its bucket, once `ready` has resolved.
 */
import { sleep } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import { merkleBucket, merkleBuckets } from "../../consistency/index.js";
import { readSnapshot } from "../../storage/index.js";
import type { RowRecord, RowSnapshot, RowStore } from "../../storage/index.js";
import { IdBuckets } from "./id-buckets.js";
import type { PlannedRows } from "./planned-rows.js";
import type { VersionedEntry } from "./versioned-rows.js";

const nowhere = 0xffff;
/** Rows looked at before others get their turn. */
const sliceRows = 4096;

export class BucketIndex {
  readonly #store: RowStore;
  readonly #clock: Clock;
  /** The bucket of the row at each ordinal. */
  #buckets = new Uint16Array(0);
  readonly #tombstones = new IdBuckets(merkleBuckets);
  #made: Promise<void> | undefined;

  constructor(store: RowStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Follows a commit, or a move of rows, that has become visible. */
  advance(plan: PlannedRows): void {
    if (!this.#made) return;
    for (const { id, before, after, beforeTombstone, afterTombstone } of plan.changes) {
      if (before === after && beforeTombstone === afterTombstone) continue;
      const bucket = merkleBucket(id);
      if (before && before.ordinal !== after?.ordinal) this.#set(before.ordinal, nowhere);
      if (after) this.#set(after.ordinal, bucket);
      if (afterTombstone !== undefined) this.#tombstones.add(bucket, id);
      else if (beforeTombstone !== undefined) this.#tombstones.remove(bucket, id);
    }
  }

  /** Rows and tombstones of some buckets, as of the newest commit. */
  async entries(buckets: Iterable<number>): Promise<VersionedEntry[]> {
    await (this.#made ??= this.#make());
    const wanted = new Set(buckets);
    return readSnapshot(this.#store, (snapshot) => [
      ...this.#rows(wanted, snapshot),
      ...this.#buried(wanted, snapshot),
    ]);
  }

  /** How many live rows each bucket has, as of the newest commit that it was told of. */
  async counts(): Promise<() => Uint32Array> {
    await (this.#made ??= this.#make());
    return () => {
      const counts = new Uint32Array(nowhere + 1);
      for (const bucket of this.#buckets) (counts[bucket] as number)++;
      return counts.slice(0, merkleBuckets);
    };
  }

  *#rows(wanted: ReadonlySet<number>, snapshot: RowSnapshot): Generator<VersionedEntry> {
    const isWanted = new Uint8Array(nowhere + 1);
    for (const bucket of wanted) isWanted[bucket] = 1;
    const end = Math.min(this.#buckets.length, snapshot.nextOrdinal);
    for (let ordinal = 0; ordinal < end; ordinal++) {
      if (isWanted[this.#buckets[ordinal] as number] !== 1) continue;
      const row = snapshot.row(ordinal);
      if (row) yield { id: row.id, row, tombstone: undefined };
    }
  }

  *#buried(wanted: ReadonlySet<number>, snapshot: RowSnapshot): Generator<VersionedEntry> {
    for (const bucket of wanted) {
      for (const id of this.#tombstones.of(bucket)) {
        const tombstone = snapshot.tombstone(id);
        if (tombstone !== undefined) yield { id, row: undefined, tombstone };
      }
    }
  }

  async #make(): Promise<void> {
    const snapshot = this.#store.snapshot();
    try {
      this.#reach(snapshot.nextOrdinal);
      await this.#inSlices(snapshot.scan(0), ({ id, ordinal }: RowRecord) =>
        this.#set(ordinal, merkleBucket(id)),
      );
      await this.#inSlices(snapshot.tombstones(), ({ id }) =>
        this.#tombstones.add(merkleBucket(id), id),
      );
    } finally {
      snapshot.release();
    }
  }

  async #inSlices<T>(all: Iterable<T>, each: (one: T) => void): Promise<void> {
    let count = 0;
    for (const one of all) {
      each(one);
      if (++count % sliceRows === 0) await sleep(this.#clock, 0);
    }
  }

  #set(ordinal: number, bucket: number): void {
    this.#reach(ordinal + 1);
    this.#buckets[ordinal] = bucket;
  }

  #reach(length: number): void {
    if (length <= this.#buckets.length) return;
    const longer = new Uint16Array(Math.max(length, 2 * this.#buckets.length)).fill(nowhere);
    longer.set(this.#buckets);
    this.#buckets = longer;
  }
}
