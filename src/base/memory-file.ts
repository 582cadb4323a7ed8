/**
 * One file of a `MemoryDisk`: the bytes that readers see, and those that would outlast a power cut.
 *
 * Invariant: outside `[dirtyFrom, dirtyTo)` live and durable bytes agree, but for a sync that failed:
 * as Linux does, it forgets what was dirty, so that a later sync succeeds without having saved it.
 */
import { randomBelow, type Random } from "./random.js";

/** What a drive writes whole or not at all. */
const sectorBytes = 512;

/** Bytes that grow in place. What lies beyond `size` is zero. */
export class GrowingBytes {
  #bytes: Uint8Array;
  size = 0;

  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.#bytes = Uint8Array.from(content);
    this.size = content.length;
  }

  view(from = 0, to = this.size): Uint8Array {
    return this.#bytes.subarray(from, Math.min(to, this.size));
  }

  write(bytes: Uint8Array, position: number): void {
    this.resize(Math.max(this.size, position + bytes.length));
    this.#bytes.set(bytes, position);
  }

  resize(size: number): void {
    if (size < this.size) this.#bytes.fill(0, size, this.size);
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2, 4096));
      grown.set(this.view());
      this.#bytes = grown;
    }
    this.size = size;
  }
}

export class MemoryInode {
  readonly live: GrowingBytes;
  readonly durable: GrowingBytes;
  #dirtyFrom = Infinity;
  #dirtyTo = 0;

  constructor(content?: Uint8Array) {
    this.live = new GrowingBytes(content);
    this.durable = new GrowingBytes(content);
  }

  write(bytes: Uint8Array, position: number): void {
    this.live.write(bytes, position);
    this.#touch(position, position + bytes.length);
  }

  truncate(size: number): void {
    const from = Math.min(size, this.live.size);
    this.live.resize(size);
    this.#touch(from, size);
  }

  sync(): void {
    this.durable.resize(this.live.size);
    if (this.#dirtyFrom < this.live.size) {
      this.durable.write(this.live.view(this.#dirtyFrom, this.#dirtyTo), this.#dirtyFrom);
    }
    this.forgetDirty();
  }

  forgetDirty(): void {
    this.#dirtyFrom = Infinity;
    this.#dirtyTo = 0;
  }

  /** What a power cut leaves: of each sector, and of the size, the durable or the live state. */
  afterCrash(random: Random): Uint8Array {
    const size = coin(random) ? this.live.size : this.durable.size;
    const left = new Uint8Array(size);
    for (let at = 0; at < size; at += sectorBytes) {
      const survivor = coin(random) ? this.live : this.durable;
      left.set(survivor.view(at, Math.min(at + sectorBytes, size)), at);
    }
    return left;
  }

  #touch(from: number, to: number): void {
    this.#dirtyFrom = Math.min(this.#dirtyFrom, from);
    this.#dirtyTo = Math.max(this.#dirtyTo, to);
  }
}

export function coin(random: Random): boolean {
  return randomBelow(random, 2) === 1;
}
