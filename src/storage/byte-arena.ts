/**
 * Memory for the keys and values of one commit: cut from large pieces, so that a commit of 10,000
 * rows makes a few of them, and never written again once handed to the table.
 */

const pieceBytes = 256 * 1024;

export class ByteArena {
  #piece = Buffer.alloc(0);
  #used = 0;

  /** `length` zeroed bytes that nobody else gets. */
  take(length: number): Buffer {
    if (length > pieceBytes) return Buffer.alloc(length);
    if (this.#used + length > this.#piece.length) {
      this.#piece = Buffer.alloc(pieceBytes);
      this.#used = 0;
    }
    this.#used += length;
    return this.#piece.subarray(this.#used - length, this.#used);
  }
}
