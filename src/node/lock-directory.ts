/** The lock of a data directory, waited for where its last owner is known to be on its way out. */
import { diskErrorCode, invalid, isDvespError, sleep, toStorageError } from "../base/index.js";
import type { Disk } from "../base/index.js";
import type { DirectoryLock } from "../storage/index.js";
import type { NodeEnvironment } from "./environment.js";

const retryMs = 50;
/** What another path would mend. */
const pathCodes: ReadonlySet<string | undefined> = new Set([
  "EACCES",
  "EEXIST",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

/**
 * Makes and locks the directory. A node of a cluster follows upon one that may be stopping still: then
 * it is given `waitMs`. Errors: `DIRECTORY_LOCKED`, saying who has it; `INVALID_ARGUMENT` where no
 * directory can be; `STORAGE_FULL`.
 */
export async function lockDirectory(
  path: string,
  { storage, clock }: NodeEnvironment,
  waitMs: number,
): Promise<DirectoryLock> {
  await makeDirectory(storage.disk, path);
  const endMs = clock.monotonic() + waitMs;
  for (;;) {
    try {
      return storage.lock(path, clock);
    } catch (error) {
      const isHeld = isDvespError(error) && error.code === "DIRECTORY_LOCKED";
      if (!isHeld || clock.monotonic() >= endMs) throw error;
      await sleep(clock, retryMs);
    }
  }
}

async function makeDirectory(disk: Disk, path: string): Promise<void> {
  try {
    await disk.makeDirectory(path);
  } catch (error) {
    const failure = toStorageError(error, `no data directory at ${path}`);
    throw pathCodes.has(diskErrorCode(error)) ? invalid(failure.message, "path") : failure;
  }
}
