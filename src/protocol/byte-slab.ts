/**
 * Memory for many short pieces of bytes, cut from larger ones: memory of its own for each takes longer
 * than what is copied into it, and the garbage collector has to give each back. A piece keeps its
 * neighbours alive, so it is not for what is kept, nor for what is moved to another thread.
 */

const slabBytes = 64 * 1024;
/** Longer pieces have memory of their own. */
const pieceBytesMax = 4096;

export class ByteSlab {
  #slab = new ArrayBuffer(0);
  #used = 0;

  /** Zeroed bytes that nobody else gets. */
  take(length: number): Uint8Array {
    if (length > pieceBytesMax) return new Uint8Array(length);
    if (this.#used + length > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(slabBytes);
      this.#used = 0;
    }
    const piece = new Uint8Array(this.#slab, this.#used, length);
    this.#used += length;
    return piece;
  }
}
