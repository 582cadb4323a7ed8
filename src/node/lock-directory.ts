/** The lock of a data directory, waited for where its last owner is known to be on its way out. */
import { isDvespError, sleep } from "../base/index.js";
import type { DirectoryLock } from "../storage/index.js";
import type { NodeEnvironment } from "./environment.js";

const retryMs = 50;

/**
 * Makes and locks the directory. A node of a cluster follows upon one that may be stopping still: then
 * it is given `waitMs`. Errors: `DIRECTORY_LOCKED`, saying who has it.
 */
export async function lockDirectory(
  path: string,
  { storage, clock }: NodeEnvironment,
  waitMs: number,
): Promise<DirectoryLock> {
  await storage.disk.makeDirectory(path);
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
