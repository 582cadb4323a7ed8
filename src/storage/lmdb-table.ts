/**
 * The table on LMDB, through lmdb-js. Its settings, and why (all read in its sources, 3.5.6):
 *
 * - `overlappingSync: false`: with it a commit is visible before it is durable. Without it LMDB
 *   writes pages, syncs, and then writes the meta page through a descriptor opened with O_DSYNC; the
 *   promise of `put` resolves after that.
 * - Writes go through `put` and `remove`, which a thread of libuv carries out, never through
 *   `transaction`: a worker thread terminated inside a transaction of its own would leave LMDB's
 *   lock to nobody. `batchStartThreshold` keeps that thread from starting before the last write of
 *   a commit is queued, for the same reason. All writes of one turn are one transaction.
 * - Every opening is read-write, also a reader's: lmdb-js shares one environment between the threads
 *   of a process, with the settings of whoever came first.
 * - A snapshot is a read transaction of its own; `resetReadTxn` before it, as lmdb-js would else
 *   reuse the one of this turn, and after it, so that nobody else gets this one.
 */
import { join } from "node:path";
import { constants } from "node:os";
import { open, type RangeOptions, type RootDatabase } from "lmdb";
import { assert, DvespError } from "../base/index.js";
import type { KeyRange, Table, TableEntry, TableSnapshot, TableWrite } from "./table.js";

type Database = RootDatabase<Buffer, Uint8Array>;
type Transaction = ReturnType<Database["useReadTransaction"]>;

const mebi = 1024 * 1024;

/** Address space, not memory or disk; LMDB maps anew, twice as large, when a table outgrows it. */
const mapBytes = 16 * 1024 * mebi;
/** Snapshots open at the same time, over all threads and processes. */
const readersMax = 1024;
/** Entries and keys fetched at a time: no cursor stays open between two turns of an iterator. */
const entriesPerFetch = 64;
const keysPerFetch = 1024;

const settings = {
  encoding: "binary",
  keyEncoding: "binary",
  overlappingSync: false,
  noSubdir: false,
  mapSize: mapBytes,
  maxReaders: readersMax,
  batchStartThreshold: Infinity,
} as const;

/** MDB_MAP_FULL and the errors of a full disk. */
const fullCodes: ReadonlySet<unknown> = new Set([
  -30792,
  constants.errno.ENOSPC,
  constants.errno.EDQUOT,
  constants.errno.EFBIG,
]);

export function openLmdbTable(directory: string): Promise<Table> {
  const database = open<Buffer, Uint8Array>(directory, settings);
  return Promise.resolve(new LmdbTable(database, join(directory, "data.mdb")));
}

class LmdbTable implements Table {
  readonly #database: Database;
  readonly #path: string;
  readonly #snapshots = new Set<LmdbSnapshot>();

  constructor(database: Database, path: string) {
    this.#database = database;
    this.#path = path;
  }

  async commit(writes: readonly TableWrite[]): Promise<void> {
    let committed: Promise<boolean> | undefined;
    for (const { key, value } of writes) {
      committed = value ? this.#database.put(key, value as Buffer) : this.#database.remove(key);
    }
    try {
      await committed;
    } catch (error) {
      throw await this.#failure(error);
    }
  }

  snapshot(): TableSnapshot {
    this.#database.resetReadTxn();
    const transaction = this.#database.useReadTransaction();
    this.#database.resetReadTxn();
    const snapshot = new LmdbSnapshot(this.#database, transaction, () =>
      this.#snapshots.delete(snapshot),
    );
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  bytes(): number {
    const { lastPageNumber, root } = this.#database.getStats() as {
      lastPageNumber: number;
      root: { pageSize: number };
    };
    return (lastPageNumber + 1) * root.pageSize;
  }

  async close(): Promise<void> {
    for (const snapshot of this.#snapshots) snapshot.release();
    await this.#database.close();
  }

  /** lmdb-js rejects with a general error that holds a promise of the true one. */
  async #failure(error: unknown): Promise<DvespError> {
    let cause = error;
    if (error instanceof Error && "commitError" in error) {
      await Promise.resolve(error.commitError).catch((reason: unknown) => (cause = reason));
    }
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const message = cause instanceof Error ? cause.message : String(cause);
    return new DvespError(
      fullCodes.has(code) ? "STORAGE_FULL" : "INTERNAL",
      `commit to ${this.#path}: ${message}`,
      { cause },
    );
  }
}

class LmdbSnapshot implements TableSnapshot {
  readonly #database: Database;
  readonly #transaction: Transaction;
  readonly #onRelease: () => void;
  #released = false;

  constructor(database: Database, transaction: Transaction, onRelease: () => void) {
    this.#database = database;
    this.#transaction = transaction;
    this.#onRelease = onRelease;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    assert(!this.#released, "read of a released snapshot");
    return this.#database.get(key, { transaction: this.#transaction });
  }

  entries(range: KeyRange): Iterable<TableEntry> {
    return this.#inPages(
      range,
      entriesPerFetch,
      (options) => this.#database.getRange(options),
      (entry) => entry.key,
    );
  }

  keys(range: KeyRange): Iterable<Uint8Array> {
    return this.#inPages(
      range,
      keysPerFetch,
      (options) => this.#database.getKeys(options),
      (key) => key,
    );
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#transaction.done();
    this.#onRelease();
  }

  *#inPages<T>(
    range: KeyRange,
    limit: number,
    fetch: (options: RangeOptions) => Iterable<T>,
    keyOf: (item: T) => Uint8Array,
  ): Iterable<T> {
    let start = range.from;
    let exclusiveStart = false;
    let page: T[];
    do {
      assert(!this.#released, "read of a released snapshot");
      const transaction = this.#transaction;
      page = [...fetch({ start, exclusiveStart, end: range.to, limit, transaction })];
      yield* page;
      const last = page.at(-1);
      if (last !== undefined) start = keyOf(last);
      exclusiveStart = true;
    } while (page.length === limit);
  }
}
