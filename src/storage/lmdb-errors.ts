/** Errors of lmdb-js, which carry numbers, as errors of the store. */
import { constants } from "node:os";
import { DvespError, isDvespError, type ErrorCode } from "../base/index.js";

/** MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_VERSION_MISMATCH, MDB_INVALID. */
const spoiltCodes: ReadonlySet<unknown> = new Set([-30796, -30797, -30794, -30793]);
/** MDB_MAP_FULL and the errors of a full disk. */
const fullCodes: ReadonlySet<unknown> = new Set([
  -30792,
  constants.errno.ENOSPC,
  constants.errno.EDQUOT,
  constants.errno.EFBIG,
]);

/** Errors: as of reading. What LMDB says of its own pages is `DATA_CORRUPTED`. */
export function lmdbError(error: unknown, what: string): DvespError {
  if (isDvespError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DvespError(errorCode(numberOf(error)), `${what}: ${message}`, { cause: error });
}

/** LMDB says EIO of a write that was cut short, which is how a disk that fills up looks to it. */
export function isShortWrite(error: unknown): boolean {
  return numberOf(error) === constants.errno.EIO;
}

function errorCode(number: unknown): ErrorCode {
  if (fullCodes.has(number)) return "STORAGE_FULL";
  return spoiltCodes.has(number) ? "DATA_CORRUPTED" : "INTERNAL";
}

function numberOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
