/**
 * The disk as an argument: what storage needs of a file system, and nothing more. `systemDisk` is
 * the machine's; `MemoryDisk` lives in memory, loses what was not synced, and fails when told to.
 *
 * Errors carry Node's `code`: `ENOENT` (nothing there), `EEXIST`, `ENOSPC` (no room), `EIO` (the
 * medium failed). What both implementations promise is test/conformance/disk-suite.ts.
 */
import { DvespError, isDvespError } from "./errors.js";

/** `read`: must exist, writes are refused. `write`: must exist. `create`: must not exist. */
export type OpenMode = "read" | "write" | "create";

export interface DiskFile {
  /** Fills `target` from byte `position` on; resolves to the bytes read, fewer only at the end. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all of `bytes` at `position`. When it rejects, any part of them may be written. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /**
   * Resolves when every write before the call, and the size, outlast a power cut. After a
   * rejection nobody knows what does, and a second call that succeeds proves nothing.
   */
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface Disk {
  /** A file that was created outlasts a power cut once its directory is synced. */
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** Makes a directory and those above it, durably; one that exists is no error. */
  makeDirectory(path: string): Promise<void>;
  /** Puts `from` in the place of `to`, at once. Durable once the directory is synced. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. Durable once the directory is synced. */
  unlink(path: string): Promise<void>;
  /** Removes a directory with all that is in it; one that is not there is no error. */
  removeDirectory(path: string): Promise<void>;
  /** Names of what is in a directory, sorted. */
  list(directory: string): Promise<string[]>;
  /** Resolves when the names in a directory outlast a power cut. */
  syncDirectory(directory: string): Promise<void>;
  /** Bytes that may still be written below `directory`. */
  freeBytes(directory: string): Promise<number>;
}

const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Node's `code` of an error of a disk, when it has one. */
export function diskErrorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** An error of a disk as one of the store: `STORAGE_FULL` when room ran out, else `INTERNAL`. */
export function toStorageError(error: unknown, what: string): DvespError {
  if (isDvespError(error)) return error;
  const cause = error instanceof Error ? error.message : String(error);
  const code = fullCodes.has(diskErrorCode(error)) ? "STORAGE_FULL" : "INTERNAL";
  return new DvespError(code, `${what}: ${cause}`, { cause: error });
}
