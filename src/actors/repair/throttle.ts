/** Keeps work to so many bytes in a second: who takes more than there is waits first. */
import { sleep } from "../../base/index.js";
import type { Clock } from "../../base/index.js";

export class Throttle {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  /** Monotonic time at which all that was taken is paid for. */
  #paidMs = 0;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Resolves when the bytes taken before are paid for; these are paid for by the next one. */
  async take(bytes: number): Promise<void> {
    const nowMs = this.#clock.monotonic();
    const waitMs = this.#paidMs - nowMs;
    this.#paidMs = Math.max(this.#paidMs, nowMs) + bytes / this.#bytesPerMs;
    if (waitMs > 0) await sleep(this.#clock, waitMs);
  }
}
