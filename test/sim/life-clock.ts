/**
 * The clock of one life of a node or host. While it stands still its timers wait; once its life has
 * ended none fires any more.
 */
import type { Clock, Timer } from "../../src/base/index.js";

export class LifeClock implements Clock {
  readonly #clock: Clock;
  /** What fell due while it stood still. */
  #waiting: (() => void)[] | undefined;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, action: () => void): Timer {
    const state = { cancelled: false };
    const fire = (): void => {
      if (state.cancelled || this.#ended) return;
      if (this.#waiting) this.#waiting.push(fire);
      else action();
    };
    const timer = this.#clock.after(delayMs, fire);
    const cancel = (): void => {
      state.cancelled = true;
      timer.cancel();
    };
    return { cancel };
  }

  /** Stands still: timers wait. */
  pause(): void {
    this.#waiting ??= [];
  }

  /** What fell due meanwhile fires now. */
  resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const fire of waiting) fire();
  }

  end(): void {
    this.#ended = true;
  }
}
