/**
 * Memory for the keys and values of one commit: cut from large pieces, so that a commit of 10,000
 * rows makes a few of them, and never written again once handed to the table.
 */

const pieceBytes = 256 * 1024;

export class ByteArena {
  /** Where the bytes that were taken last stand. */
  piece = Buffer.alloc(0);
  #used = 0;

  /** Takes `length` zeroed bytes that nobody else gets; where they begin in `piece`. */
  take(length: number): number {
    if (this.#used + length > this.piece.length) {
      this.piece = Buffer.alloc(Math.max(length, pieceBytes));
      this.#used = 0;
    }
    this.#used += length;
    return this.#used - length;
  }
}
