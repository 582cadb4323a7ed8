/**
 * When the next group commit begins. Alone, at once. Where several write at the same time, a commit rests
 * as long as the last one took, so that what comes meanwhile shares one: a commit costs about the same
 * for one row and for twenty. It ends early when as many wait as had the last one, since callers that
 * wait for their answers before they write again will not be more.
 */

/** No write waits longer than this for company. */
const restMsMax = 10;

export class GroupPace {
  #pieces = 0;
  #restUntilMs = 0;

  /** Notes a commit of so many pieces of work that began and ended at these monotonic times. */
  committed(pieces: number, beganMs: number, endedMs: number): void {
    this.#pieces = pieces;
    this.#restUntilMs = endedMs + Math.min(restMsMax, endedMs - beganMs);
  }

  /** Whether so many waiting pieces need not wait for more. */
  isEnough(waiting: number): boolean {
    return this.#pieces < 2 || waiting >= this.#pieces;
  }

  /** Milliseconds that so many waiting pieces should wait for more at this time. */
  waitMs(waiting: number, nowMs: number): number {
    return this.isEnough(waiting) ? 0 : Math.max(0, this.#restUntilMs - nowMs);
  }
}
