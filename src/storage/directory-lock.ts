/**
 * One process, and one opener in it, per data directory. The lock belongs to the open file `LOCK` (an
 * OFD lock on Linux, `LockFileEx` on Windows), so the system gives it back when the process ends,
 * however it ends. What the file says is for people; the lock decides.
 */
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { join } from "node:path";
import type * as nativeExtensions from "fs-native-extensions";
import { DvespError, toStorageError, type Clock } from "../base/index.js";

const fileName = "LOCK";

export interface DirectoryLock {
  /** Gives the directory free; a second call does nothing. */
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly started_ms: number;
}

/**
 * Takes the lock of `directory`, which must exist. Errors: `DIRECTORY_LOCKED`, saying who has it.
 */
export function acquireDirectoryLock(directory: string, clock: Clock): DirectoryLock {
  const path = join(directory, fileName);
  try {
    return lockFile(path, clock);
  } catch (error) {
    throw toStorageError(error, `locking ${directory}`);
  }
}

function lockFile(path: string, clock: Clock): DirectoryLock {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    if (!native().tryLock(fd))
      throw new DvespError("DIRECTORY_LOCKED", `${path} is held by ${holder(path)}`);
    const self: Holder = { pid: process.pid, host: hostname(), started_ms: clock.now() };
    ftruncateSync(fd);
    writeSync(fd, `${JSON.stringify(self)}\n`, 0);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let held = true;
  return {
    release() {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

/** Loaded with the first lock: only one thread of a process takes any. */
function native(): typeof nativeExtensions {
  return createRequire(import.meta.url)("fs-native-extensions") as typeof nativeExtensions;
}

/** Who says in the file that it has the lock; it may have been about to. */
function holder(path: string): string {
  try {
    const { pid, host, started_ms } = JSON.parse(readFileSync(path, "utf8")) as Holder;
    const self = pid === process.pid ? ", this process" : "";
    const since = new Date(started_ms).toISOString();
    return `process ${pid} on ${host}${self}, since ${since}`;
  } catch {
    return "another process";
  }
}
