/**
 * LMDB's files, before LMDB gets them. lmdb-js 3.5 ends the process when it cannot open or make a
 * file, and a power cut while a store is made may leave one that it cannot open. So the writer finds
 * out first whether it can.
 */
import { join } from "node:path";
import { diskErrorCode, DvespError, type Disk, type DiskFile } from "../base/index.js";
import { corrupted } from "./records.js";

/** Of the first page: its flags, the magic number, the version of the format, the size of a page. */
const flagsAt = 18;
const magicAt = 24;
const versionAt = 28;
const pageSizeAt = 48;
const headBytes = 64;

const metaPageFlag = 0x08;
const magic = 0xbeefc0de;
const version = 2;
/** LMDB writes to its table of readers through a map: a hole in it, on a full disk, is a SIGBUS. */
const lockFileBytes = 68 * 1024;
/** More than LMDB writes while a table is made. */
const creationBytes = 1024 * 1024;
/** More than a table has before its first commit is durable. */
const unfinishedBytesMax = 256 * 1024;

/**
 * `unfinished`: made, but no commit was ever durable, so there is nothing in it.
 * Errors: `DATA_CORRUPTED` when it is neither that nor a file of LMDB.
 */
export type LmdbFileState = "absent" | "unfinished" | "sound";

export async function lmdbFileState(directory: string, disk: Disk): Promise<LmdbFileState> {
  const path = join(directory, "data.mdb");
  const file = await openIfThere(disk, path);
  if (!file) return "absent";
  try {
    const head = Buffer.alloc(headBytes);
    await file.read(head, 0);
    const size = await file.size();
    if (isLmdbHead(head) && size >= 2 * head.readUInt32LE(pageSizeAt)) return "sound";
    const blank = head.every((byte) => byte === 0) || isLmdbHead(head);
    if (blank && size <= unfinishedBytesMax) return "unfinished";
    throw corrupted(`${path} is not a file of LMDB any more`);
  } finally {
    await file.close();
  }
}

/** Leaves files that LMDB opens, or makes, without fail. Errors: `DATA_CORRUPTED`, `STORAGE_FULL`. */
export async function prepareLmdbFiles(directory: string, disk: Disk): Promise<void> {
  const state = await lmdbFileState(directory, disk);
  if (state !== "sound" && (await disk.freeBytes(directory)) < creationBytes) {
    throw new DvespError("STORAGE_FULL", `no room to make a table in ${directory}`);
  }
  if (state === "unfinished") await disk.unlink(join(directory, "data.mdb"));
  const names = await disk.list(directory);
  if (!names.includes("lock.mdb")) await makeLockFile(join(directory, "lock.mdb"), disk);
}

/**
 * Only one that is not there: LMDB's locks on it are of the kind that a process loses when it closes
 * any descriptor of the file, also that of a reader's in another thread.
 */
async function makeLockFile(path: string, disk: Disk): Promise<void> {
  const file = await disk.open(path, "create");
  try {
    await file.write(new Uint8Array(lockFileBytes), 0);
  } finally {
    await file.close();
  }
}

async function openIfThere(disk: Disk, path: string): Promise<DiskFile | undefined> {
  try {
    return await disk.open(path, "write");
  } catch (error) {
    if (diskErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function isLmdbHead(head: Buffer): boolean {
  return (
    (head.readUInt16LE(flagsAt) & metaPageFlag) !== 0 &&
    head.readUInt32LE(magicAt) === magic &&
    head.readUInt16LE(versionAt) === version
  );
}
