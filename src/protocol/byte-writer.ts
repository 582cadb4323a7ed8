/** Memory that grows as it is written to and is kept for the next time, unless it grew large. */

/** What a writer holds on to between two uses. */
const keptBytesMax = 1024 * 1024;

export class ByteWriter {
  protected bytes: Buffer;
  #length = 0;
  /** Memory of its own while it writes into a caller's. */
  #kept: Buffer | undefined;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Starts anew; in `memory` when it is given, and in memory of its own past the end of it. */
  reset(memory?: Buffer): void {
    this.#length = 0;
    if (memory) {
      this.#kept ??= this.bytes;
      this.bytes = memory;
      return;
    }
    if (this.#kept) this.bytes = this.#kept;
    this.#kept = undefined;
    if (this.bytes.length > keptBytesMax) this.bytes = Buffer.allocUnsafeSlow(this.#capacity);
  }

  /** Whether all that was written stands in `memory`. */
  isIn(memory: Buffer): boolean {
    return this.bytes === memory;
  }

  /** What was written, in `copy`, by default in memory of exactly its size, which may be transferred. */
  copy(copy: Uint8Array = new Uint8Array(this.#length)): Uint8Array {
    copy.set(this.bytes.subarray(0, this.#length));
    return copy;
  }

  /** Makes room for `size` bytes and counts them as written; answers where they start. */
  protected take(size: number): number {
    const start = this.#length;
    this.#length = start + size;
    if (this.#length > this.bytes.length) this.#grow(start);
    return start;
  }

  /** Takes back what was counted beyond `length`. */
  protected cut(length: number): void {
    this.#length = length;
  }

  #grow(used: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#length, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, used));
    this.bytes = larger;
  }
}
