/**
 * The exact nearest rows of many queries, block by block: each block of rows meets all queries while
 * it lies in the processor's cache, and is then forgotten. So the truth over any number of rows needs
 * the memory of one block.
 */
import { ExactScanner, SharedRows } from "../dist/index/index.js";
import type { Metric } from "../dist/index/index.js";

export interface Neighbour {
  readonly row: number;
  readonly distance: number;
}

export class BlockNeighbours {
  readonly #rows: SharedRows;
  readonly #scanner: ExactScanner;
  readonly #found: Neighbour[][];

  constructor(
    readonly queries: readonly Float32Array[],
    readonly metric: Metric,
    readonly k: number,
  ) {
    this.#rows = SharedRows.create({ dimension: queries[0]!.length });
    this.#scanner = new ExactScanner(this.#rows);
    this.#found = queries.map(() => []);
  }

  /** The `k` nearest of each query so far, nearest first. */
  get found(): readonly (readonly Neighbour[])[] {
    return this.#found;
  }

  /** Looks at packed rows, the first of which is row `first` of the set. */
  add(first: number, packed: Float32Array): void {
    const count = packed.length / this.#rows.dimension;
    this.#rows.truncate(0);
    this.#rows.reserve(count);
    this.#rows.write(0, packed);
    this.#rows.publish(count);
    for (const [at, query] of this.queries.entries()) {
      const near = this.#found[at]!;
      const maxDistance = near.length < this.k ? undefined : near[this.k - 1]!.distance;
      const target = { query, metric: this.metric, k: this.k, maxDistance };
      const { ordinals, distances } = this.#scanner.scan(target, { from: 0, to: count });
      if (ordinals.length === 0) continue;
      const more = Array.from(ordinals, (row, hit) => ({
        row: first + row,
        distance: distances[hit]!,
      }));
      this.#found[at] = nearestOf([near, more], this.k);
    }
  }
}

/** The nearest of several lists; the smaller row number first where distances are equal. */
export function nearestOf(lists: readonly (readonly Neighbour[])[], k: number): Neighbour[] {
  return lists
    .flat()
    .sort((left, right) => left.distance - right.distance || left.row - right.row)
    .slice(0, k);
}
