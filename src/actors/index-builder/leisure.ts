/**
 * Keeps what may wait to a share of the time: after each piece of it comes a rest. So measuring recall
 * or writing a snapshot does not come over the searches and writes of a busy node all at once.
 */

/** Rest after a piece of work, as a multiple of what it took, and at least. */
const restFactors = { soon: 3, later: 10, leisure: 30 } as const;
const restMsMin = 20;

export class Leisure {
  #untilMs = 0;

  /** Milliseconds of the rest that are left at this monotonic time, 0 for none. */
  leftMs(nowMs: number): number {
    return Math.max(0, this.#untilMs - nowMs);
  }

  /** Notes a piece of work that is needed so much and that began and ended at these monotonic times. */
  worked(need: keyof typeof restFactors, beganMs: number, endedMs: number): void {
    this.#untilMs = endedMs + Math.max(restMsMin, restFactors[need] * (endedMs - beganMs));
  }
}
