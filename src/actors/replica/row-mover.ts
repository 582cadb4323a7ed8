/**
 * Finds the rows to move when a vector file is mostly dead: a few at a time, taken to new ordinals by an
 * ordinary commit, until the file has no live row left and storage gives it back.
 */
import { assert } from "../../base/index.js";
import type { SharedRows } from "../../index/index.js";
import { compareVectorCrc } from "../../storage/index.js";
import type { OrdinalRange, RowRecord, RowSnapshot, RowStore } from "../../storage/index.js";

/** Rows of one move: a small commit, so that writes hardly wait for it. */
const rowsPerMove = 512;

export interface Move {
  readonly rows: readonly RowRecord[];
  /** Packed, in the order of `rows`. */
  readonly vectors: Float32Array;
}

export class RowMover {
  readonly #store: RowStore;
  readonly #rows: SharedRows;
  /** First ordinals of ranges with rows whose vectors are damaged: those stay for whoever repairs them. */
  readonly #left = new Set<number>();

  constructor(store: RowStore, rows: SharedRows) {
    this.#store = store;
    this.#rows = rows;
  }

  get isDue(): boolean {
    return this.#range() !== undefined;
  }

  /** The next rows to move, as of `snapshot`, if a file is worth emptying. */
  next(snapshot: RowSnapshot): Move | undefined {
    const range = this.#range();
    if (!range) return undefined;
    const live: RowRecord[] = [];
    for (const row of snapshot.scan(range.from)) {
      if (row.ordinal >= range.to || live.length === rowsPerMove) break;
      live.push(row);
    }
    const sound = live.filter((row) => compareVectorCrc(this.#vector(row), row.vectorCrc));
    if (sound.length < live.length) this.#left.add(range.from);
    return sound.length === 0 ? undefined : { rows: sound, vectors: this.#packed(sound) };
  }

  #range(): OrdinalRange | undefined {
    const range = this.#store.sparseRange();
    return range && !this.#left.has(range.from) ? range : undefined;
  }

  #packed(rows: readonly RowRecord[]): Float32Array {
    const { dimension } = this.#rows;
    const packed = new Float32Array(rows.length * dimension);
    rows.forEach((row, index) => packed.set(this.#vector(row), index * dimension));
    return packed;
  }

  #vector({ ordinal }: RowRecord): Float32Array {
    assert(ordinal < this.#rows.committed, "a row of a snapshot is in memory");
    return this.#rows.copyVector(ordinal);
  }
}
