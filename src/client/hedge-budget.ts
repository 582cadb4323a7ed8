/**
 * How many second requests a client may send. Where all nodes are slow, asking twice makes them
 * slower still; so a second request must be earned by first ones, as in gRPC's retry throttling.
 */

const savedMax = 100;
const earnedPerRead = 0.1;

export class HedgeBudget {
  #saved = savedMax;

  /** Counts one read. */
  earn(): void {
    this.#saved = Math.min(savedMax, this.#saved + earnedPerRead);
  }

  /** Takes the price of one second request; false when there is too little. */
  spend(): boolean {
    if (this.#saved < 1) return false;
    this.#saved--;
    return true;
  }
}
