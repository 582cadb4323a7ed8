/**
 * The table on LMDB, through lmdb-js. Its settings, and why (from its sources, version 3.5):
 *
 * - `overlappingSync: false`: with it a commit is visible before it is durable. Without it LMDB
 *   writes pages, syncs, and then writes the meta page through a descriptor opened with O_DSYNC; the
 *   promise resolves after that.
 * - A commit is one `batch`, which a thread of libuv carries out, and never a `transaction`: a worker
 *   terminated inside one would leave LMDB's lock to nobody. `batchStartThreshold` keeps that thread
 *   from starting before the batch is complete: it would wait for ever for the rest of a batch whose
 *   worker was terminated. `eventTurnBatching` would wrap the batch into another one, whose promise
 *   nobody handles when a commit fails.
 * - Every opening is read-write, also a reader's: lmdb-js shares one environment between the threads
 *   of a process, with the settings of whoever came first.
 * - Every call goes through `inNative`: the binding cannot bear that its thread is terminated meanwhile.
 * - A snapshot is a read transaction of its own; `resetReadTxn` before it, as lmdb-js would else
 *   reuse the one of this turn, and after it, so that nobody else gets this one.
 */
import { DvespError, inNative, inNativeTurn, invalid, type Disk } from "../base/index.js";
import { isShortWrite, lmdbError } from "./lmdb-errors.js";
import { lmdbFileState, prepareLmdbFiles } from "./lmdb-file.js";
import { LmdbSnapshot, type Database, type Transaction } from "./lmdb-snapshot.js";
import type { OpenTable, Table, TableSnapshot, TableWrite } from "./table.js";

const mebi = 1024 * 1024;

/** Address space, not memory or disk; LMDB maps anew, twice as large, when a table outgrows it. */
const mapBytes = 16 * 1024 * mebi;
/** Snapshots open at the same time, over all threads and processes. */
const readersMax = 1024;

const settings = {
  encoding: "binary",
  keyEncoding: "binary",
  overlappingSync: false,
  noSubdir: false,
  mapSize: mapBytes,
  maxReaders: readersMax,
  eventTurnBatching: false,
  batchStartThreshold: Infinity,
} as const;

/** More than LMDB writes at once: with less room than this, a write may be cut short. */
const shortWriteBytes = mebi;

export const openLmdbTable: OpenTable = async (directory, disk, mode) => {
  if (mode === "write") await prepareLmdbFiles(directory, disk);
  else if ((await lmdbFileState(directory, disk)) !== "sound") {
    throw invalid(`there is no table in ${directory}`);
  }
  try {
    // With the first table, as many threads never open one.
    const lmdb = await import("lmdb");
    const database = inNative(() => lmdb.open<Buffer, Uint8Array>(directory, settings)) as Database;
    return new LmdbTable(database, directory, disk);
  } catch (error) {
    throw lmdbError(error, `opening ${directory}`);
  }
};

class LmdbTable implements Table {
  readonly #database: Database;
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #snapshots = new Set<LmdbSnapshot>();

  constructor(database: Database, directory: string, disk: Disk) {
    this.#database = database;
    this.#directory = directory;
    this.#disk = disk;
  }

  async commit(writes: readonly TableWrite[]): Promise<void> {
    try {
      await inNativeTurn(() => this.#batch(writes));
    } catch (error) {
      throw await this.#failure(error);
    }
  }

  #batch(writes: readonly TableWrite[]): Promise<boolean> {
    return this.#database.batch(() => {
      for (const { key, value } of writes) {
        void (value ? this.#database.put(key, value as Buffer) : this.#database.remove(key));
      }
    });
  }

  snapshot(): TableSnapshot {
    const transaction = inNative(() => this.#begin());
    const snapshot = new LmdbSnapshot(this.#database, transaction, () =>
      this.#snapshots.delete(snapshot),
    );
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  #begin(): Transaction {
    try {
      this.#database.resetReadTxn();
      return this.#database.useReadTransaction();
    } catch (error) {
      throw lmdbError(error, `reading ${this.#directory}`);
    } finally {
      this.#database.resetReadTxn();
    }
  }

  bytes(): number {
    const { lastPageNumber, root } = inNative(() => this.#database.getStats()) as {
      lastPageNumber: number;
      root: { pageSize: number };
    };
    return (lastPageNumber + 1) * root.pageSize;
  }

  async close(): Promise<void> {
    for (const snapshot of this.#snapshots) snapshot.release();
    await inNative(() => this.#database.close());
  }

  /** lmdb-js rejects with a general error that holds a promise of the true one. */
  async #failure(error: unknown): Promise<DvespError> {
    let cause = error;
    if (error instanceof Error && "commitError" in error) {
      await Promise.resolve(error.commitError).catch((reason: unknown) => (cause = reason));
    }
    const what = `commit to ${this.#directory}`;
    const failure = lmdbError(cause, what);
    if (!isShortWrite(cause) || (await this.#freeBytes()) >= shortWriteBytes) return failure;
    return new DvespError("STORAGE_FULL", failure.message, { cause });
  }

  #freeBytes(): Promise<number> {
    return this.#disk.freeBytes(this.#directory);
  }
}
