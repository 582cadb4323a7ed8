/** Exponential back-off with jitter: whatever fails again and again is tried less and less often. */
import { type Random, randomFraction } from "../base/index.js";

export interface BackoffRange {
  readonly minMs: number;
  readonly maxMs: number;
  /** Share of the delay by which it varies to either side, 0 to 1, so that many do not move as one. */
  readonly jitter: number;
}

/** Delay before try number `attempt` (0 = the first): `minMs` doubled each time, `maxMs` at most. */
export function backoffDelayMs(range: BackoffRange, attempt: number, random: Random): number {
  const { minMs, maxMs, jitter } = range;
  const delayMs = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 52));
  const factor = 1 + jitter * (2 * randomFraction(random) - 1);
  return Math.min(maxMs, delayMs * factor);
}
