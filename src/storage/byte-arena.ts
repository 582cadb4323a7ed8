/**
 * Memory for the keys and values of one commit: cut from pieces that grow, so that a commit of one row
 * takes little and one of 10,000 rows makes a few of them, and never written again once handed to the table.
 */

const pieceBytesMin = 2048;
const pieceBytesMax = 256 * 1024;

export class ByteArena {
  /** Where the bytes that were taken last stand. */
  piece = Buffer.alloc(0);
  #used = 0;
  #nextBytes = pieceBytesMin;

  /** Takes `length` zeroed bytes that nobody else gets; where they begin in `piece`. */
  take(length: number): number {
    if (this.#used + length > this.piece.length) {
      this.piece = Buffer.alloc(Math.max(length, this.#nextBytes));
      this.#nextBytes = Math.min(4 * this.#nextBytes, pieceBytesMax);
      this.#used = 0;
    }
    this.#used += length;
    return this.#used - length;
  }
}
