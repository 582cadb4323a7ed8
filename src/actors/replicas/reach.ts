/**
 * Whether enough replicas can still be reached. A link that ended is often there again a moment later, so
 * hope is given up only after a grace; then callers are told early, while they have time to turn to a node
 * that is better connected.
 */
import type { Clock } from "../../base/index.js";

/** Longer than a link needs that was reset and is dialled again. */
const graceMs = 120;

/** How often to look while waiting: who is not reached any more says nothing. */
export const lookMs = 50;

export class Reach {
  readonly #clock: Clock;
  #lostSinceMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call every `lookMs` or so, with what is so now: whether it was impossible for the whole grace. */
  isLost(isPossible: boolean): boolean {
    if (isPossible) {
      this.#lostSinceMs = undefined;
      return false;
    }
    const nowMs = this.#clock.monotonic();
    this.#lostSinceMs ??= nowMs;
    return nowMs - this.#lostSinceMs >= graceMs;
  }
}
