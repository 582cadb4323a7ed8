/**
 * Where a node keeps its data: files, tables and the lock of its directory, as one argument. Nodes and
 * actors are given it and open nothing by themselves, so that whole nodes run on a disk in memory.
 */
import { SystemDisk, type Clock, type Disk } from "../base/index.js";
import { acquireDirectoryLock, type DirectoryLock } from "./directory-lock.js";
import { openLmdbTable } from "./lmdb-table.js";
import type { OpenTable } from "./table.js";

export interface Storage {
  readonly disk: Disk;
  readonly openTable: OpenTable;
  /** As `acquireDirectoryLock`. */
  readonly lock: (directory: string, clock: Clock) => DirectoryLock;
}

/** The machine's file system, and LMDB. */
export const systemStorage: Storage = {
  disk: new SystemDisk(),
  openTable: openLmdbTable,
  lock: acquireDirectoryLock,
};
