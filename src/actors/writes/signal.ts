/** Wakes who waits for something to have changed. */
import type { Clock } from "../../base/index.js";

export class Signal {
  readonly #clock: Clock;
  #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  notify(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /**
   * Resolves when `condition` holds (true), or at `endMs` of monotonic time (false, if not then). Looked at
   * when notified, and every `lookMs`: some of what conditions depend on changes without a word.
   */
  async until(condition: () => boolean, endMs: number, lookMs = Infinity): Promise<boolean> {
    while (!condition()) {
      const restMs = endMs - this.#clock.monotonic();
      if (restMs <= 0) return false;
      await this.#next(Math.min(restMs, lookMs));
    }
    return true;
  }

  #next(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = this.#clock.after(withinMs, wake);
      this.#waiting.add(wake);
    });
  }
}
