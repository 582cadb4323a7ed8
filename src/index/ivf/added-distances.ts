/**
 * Whether rows still lie where they did: how far added rows are from the centroids of their lists,
 * against how far all rows were when the lists were last made anew. 1 means as before.
 */

/** The weight of one more row in the running mean. */
const weight = 1 / 512;

export class AddedDistances {
  #trained = 0;
  #added = 0;

  /** Notes the mean squared distance of all rows from their centroids. */
  trained(meanSquare: number): void {
    this.#trained = meanSquare;
    this.#added = meanSquare;
  }

  note(square: number): void {
    this.#added += weight * (square - this.#added);
  }

  /** A ratio of distances; 1 while it is not known. */
  get drift(): number {
    if (!(this.#trained > 0)) return 1;
    return Math.sqrt(Math.max(0, this.#added) / this.#trained);
  }
}
