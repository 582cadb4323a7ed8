/** The clock of a machine: it runs a little fast or slow, and its wall time jumps when told to. */
import type { Clock, Timer } from "../../src/base/index.js";

export class DriftingClock implements Clock {
  readonly #truth: Clock;
  readonly #rate: number;
  /** How far the wall clock is ahead of the steady one. */
  #aheadMs: number;

  /** `rate`: milliseconds of this clock for each true one. */
  constructor(truth: Clock, rate: number, aheadMs: number) {
    this.#truth = truth;
    this.#rate = rate;
    // The rates are small, but the epoch is not: all clocks agree at the beginning.
    this.#aheadMs = truth.monotonic() * (1 - rate) + aheadMs;
  }

  now(): number {
    return Math.floor(this.monotonic() + this.#aheadMs);
  }

  monotonic(): number {
    return this.#truth.monotonic() * this.#rate;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#truth.after(Math.max(0, delayMs) / this.#rate, action);
  }

  /** Wall time jumps, to so much more than the true one; steady time does not. */
  set(aheadMs: number): void {
    this.#aheadMs = this.#truth.now() - this.monotonic() + aheadMs;
  }
}
