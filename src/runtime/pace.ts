/** How long an actor's messages take, as a running mean, to tell those it refuses when to return. */

const weight = 1 / 16;
const retryMsMin = 10;
const retryMsMax = 5000;

export class Pace {
  #meanMs = 0;

  /** A message took `elapsedMs`. */
  took(elapsedMs: number): void {
    this.#meanMs += (elapsedMs - this.#meanMs) * weight;
  }

  /** Milliseconds until half of `waiting` messages are done, `concurrency` at a time; 10 to 5000. */
  clearMs(waiting: number, concurrency: number): number {
    const halfMs = (waiting * this.#meanMs) / concurrency / 2;
    return Math.ceil(Math.min(retryMsMax, Math.max(retryMsMin, halfMs)));
  }
}
