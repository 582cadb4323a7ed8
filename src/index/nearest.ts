/**
 * The k nearest of a stream of rows: a binary max-heap of (distance, ordinal) pairs in two flat
 * arrays. Most rows of a scan are refused by one comparison with `limit`.
 */
import type { Hits } from "./hits.js";

export class Nearest {
  readonly #distances: Float32Array;
  readonly #ordinals: Uint32Array;
  #count = 0;

  /** Keeps `k` rows at most, none farther than `maxDistance`. */
  constructor(
    readonly k: number,
    readonly maxDistance = Infinity,
  ) {
    this.#distances = new Float32Array(k);
    this.#ordinals = new Uint32Array(k);
  }

  /** A row farther than this need not be offered. */
  get limit(): number {
    return this.#count < this.k ? this.maxDistance : (this.#distances[0] as number);
  }

  /** Takes the row if it belongs to the nearest so far; NaN, a dead row's distance, never does. */
  offer(ordinal: number, distance: number): void {
    if (!(distance <= this.limit) || this.k === 0) return;
    if (this.#count < this.k) {
      this.#rise(this.#count++, distance, ordinal);
    } else if (this.#isFarther(0, distance, ordinal)) {
      this.#sink(this.#count, distance, ordinal);
    }
  }

  offerAll(hits: Hits): void {
    hits.ordinals.forEach((ordinal, index) => this.offer(ordinal, hits.distances[index] as number));
  }

  /** The rows taken, nearest first. The heap is spent. */
  drain(): Hits {
    const distances = this.#distances;
    const ordinals = this.#ordinals;
    const count = this.#count;
    for (let end = count - 1; end > 0; end--) {
      const distance = distances[end] as number;
      const ordinal = ordinals[end] as number;
      this.#place(end, distances[0] as number, ordinals[0] as number);
      this.#sink(end, distance, ordinal);
    }
    this.#count = 0;
    if (count === this.k) return { ordinals, distances };
    return { ordinals: ordinals.slice(0, count), distances: distances.slice(0, count) };
  }

  /** Whether the entry at `index` comes after (distance, ordinal). */
  #isFarther(index: number, distance: number, ordinal: number): boolean {
    const mine = this.#distances[index] as number;
    return mine > distance || (mine === distance && (this.#ordinals[index] as number) > ordinal);
  }

  #rise(hole: number, distance: number, ordinal: number): void {
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.#isFarther(parent, distance, ordinal)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#place(hole, distance, ordinal);
  }

  /** Puts an entry in the root's place among the first `count`, and lets it sink to where it fits. */
  #sink(count: number, distance: number, ordinal: number): void {
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= count) break;
      const right = child + 1;
      if (
        right < count &&
        this.#isFarther(right, this.#distances[child] as number, this.#ordinals[child] as number)
      ) {
        child = right;
      }
      if (!this.#isFarther(child, distance, ordinal)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#place(hole, distance, ordinal);
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#distances[from] as number, this.#ordinals[from] as number);
  }

  #place(index: number, distance: number, ordinal: number): void {
    this.#distances[index] = distance;
    this.#ordinals[index] = ordinal;
  }
}
