/**
 * A look at LMDB's file before LMDB gets it: lmdb-js 3.5 ends the process when it opens a file that
 * is not one of LMDB's, and a power cut while a store is made may leave such a file.
 */
import { join } from "node:path";
import { diskErrorCode, type Disk } from "../base/index.js";
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
/** More than a table has before its first commit is durable. */
const unfinishedBytesMax = 256 * 1024;

/**
 * `unfinished`: made, but no commit was ever durable, so there is nothing in it.
 * Errors: `DATA_CORRUPTED` when it is neither that nor a file of LMDB.
 */
export type LmdbFileState = "absent" | "unfinished" | "sound";

export function lmdbPath(directory: string): string {
  return join(directory, "data.mdb");
}

export async function lmdbFileState(directory: string, disk: Disk): Promise<LmdbFileState> {
  const path = lmdbPath(directory);
  const file = await disk.open(path, "read").catch((error: unknown) => {
    if (diskErrorCode(error) === "ENOENT") return undefined;
    throw error;
  });
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

function isLmdbHead(head: Buffer): boolean {
  return (
    (head.readUInt16LE(flagsAt) & metaPageFlag) !== 0 &&
    head.readUInt32LE(magicAt) === magic &&
    head.readUInt16LE(versionAt) === version
  );
}
