/**
 * The ordered table under a row store: byte keys in ascending order, changed by one atomic, durable
 * transaction at a time, read through snapshots. LMDB is one; a table in memory is its twin.
 */
import type { Disk } from "../base/index.js";

/** Puts `value` at `key`, or removes the key when there is none. Must not change until committed. */
export interface TableWrite {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Keys from `from` on, up to but without `to`. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

export interface TableEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** One commit's state, whatever is committed meanwhile. What it returns belongs to the caller. */
export interface TableSnapshot {
  get(key: Uint8Array): Uint8Array | undefined;
  has(key: Uint8Array): boolean;
  entries(range: KeyRange): Iterable<TableEntry>;
  keys(range: KeyRange): Iterable<Uint8Array>;
  /** Reading it afterwards is a failed assertion; a second release does nothing. */
  release(): void;
}

export interface Table {
  /**
   * Resolves when all writes, applied in order, are durable; readers see all of them from then on.
   * Rejected with `STORAGE_FULL`: nothing happened, and it may be tried again. With anything else:
   * readers see nothing of it, but what a restart finds is unknown, and no more commits may follow.
   */
  commit(writes: readonly TableWrite[]): Promise<void>;
  /** The newest commit, of any thread or process. */
  snapshot(): TableSnapshot;
  /** Bytes on disk. */
  bytes(): number;
  /** Releases every snapshot. Waits for a commit under way. */
  close(): Promise<void>;
}

/**
 * Opens the table in `directory` of `disk`, which exists. To write: one that is not there is made.
 * Errors: `INVALID_ARGUMENT` when there is none to read, `DATA_CORRUPTED`.
 */
export type OpenTable = (directory: string, disk: Disk, mode: "write" | "read") => Promise<Table>;
