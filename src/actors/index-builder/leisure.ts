/** Keeps what may wait to a small share of the time: after each piece of it comes a rest. */

/** Rest after a piece of work, as a multiple of what it took, and at least. */
const restFactor = 30;
const restMsMin = 20;

export class Leisure {
  #untilMs = 0;

  /** Milliseconds of the rest that are left at this monotonic time, 0 for none. */
  leftMs(nowMs: number): number {
    return Math.max(0, this.#untilMs - nowMs);
  }

  /** Notes a piece of work that began and ended at these monotonic times. */
  worked(beganMs: number, endedMs: number): void {
    this.#untilMs = endedMs + Math.max(restMsMin, restFactor * (endedMs - beganMs));
  }
}
