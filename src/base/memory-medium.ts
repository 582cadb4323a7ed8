/**
 * The medium under a `MemoryDisk`: how much it holds, how fast it is, and when it fails. A write that
 * finds no room writes what fits, as a real one does; a sync that fails forgets what was dirty.
 */
import { sleep, type Clock } from "./clock.js";
import type { MemoryInode } from "./memory-file.js";

/** An error with Node's `code`, as `node:fs` gives it. */
export class DiskFailure extends Error {
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

/** One side of a sync: a crash may fall on either. */
export interface SyncPoint {
  readonly path: string;
  readonly when: "before" | "after";
}

interface Slowness {
  readonly clock: Clock;
  readonly delayMs: number;
}

export class MemoryMedium {
  #capacityBytes = Infinity;
  #usedBytes = 0;
  #syncsUntilFailure = Infinity;
  #slowness: Slowness | undefined;
  /** Called on both sides of every sync. */
  onSync: (point: SyncPoint) => void = () => undefined;

  get freeBytes(): number {
    return this.#capacityBytes - this.#usedBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Room for `bytes` in all files together; what is written beyond fails with `ENOSPC`. */
  limitBytes(bytes: number): void {
    this.#capacityBytes = bytes;
  }

  /** The `count`th sync from now fails with `EIO` (1: the next). */
  failSync(count: number): void {
    this.#syncsUntilFailure = count;
  }

  /** Every call takes `delayMs` of `clock`'s time. */
  slowDown(clock: Clock, delayMs: number): void {
    this.#slowness = { clock, delayMs };
  }

  /** Counts `bytes` more, or fewer, as used. */
  take(bytes: number): void {
    this.#usedBytes += bytes;
  }

  async write(
    inode: MemoryInode,
    path: string,
    bytes: Uint8Array,
    position: number,
  ): Promise<void> {
    await this.pause();
    const before = inode.live.size;
    const room = before - position + this.freeBytes;
    const fitting = bytes.subarray(0, Math.max(0, Math.min(bytes.length, room)));
    if (fitting.length > 0) inode.write(fitting, position);
    this.take(inode.live.size - before);
    if (fitting.length < bytes.length) throw new DiskFailure("ENOSPC", path);
  }

  async resize(inode: MemoryInode, size: number): Promise<void> {
    await this.pause();
    this.take(size - inode.live.size);
    inode.truncate(size);
  }

  /** Runs `save` between the two sides of a sync point, or `fail` when a failure is due. */
  async sync(path: string, save: () => void, fail: () => void = () => undefined): Promise<void> {
    await this.pause();
    this.onSync({ path, when: "before" });
    this.#syncsUntilFailure--;
    if (this.#syncsUntilFailure === 0) {
      fail();
      throw new DiskFailure("EIO", path);
    }
    save();
    this.onSync({ path, when: "after" });
  }

  async pause(): Promise<void> {
    if (this.#slowness) await sleep(this.#slowness.clock, this.#slowness.delayMs);
  }
}
