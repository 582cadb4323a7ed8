/**
 * Questions to one node, given up as soon as that is not reached any more. Its link ends them too, but a
 * link that is merely silent is kept for seconds, as its node may go on; nobody should wait for that.
 */
import type { Clock, Timer } from "../../base/index.js";
import type { AskResult } from "../../runtime/index.js";
import { lookMs } from "./reach.js";

export class WhileReached {
  readonly #clock: Clock;
  readonly #isReached: () => boolean;
  readonly #waiting = new Set<() => void>();
  #timer: Timer | undefined;

  constructor(clock: Clock, isReached: () => boolean) {
    this.#clock = clock;
    this.#isReached = isReached;
  }

  /**
   * As the question ends, or `gone`: what it sent by then may be answered yet, and nobody hears it. It must
   * send nothing more when it `isGivenUp`.
   */
  ask<Answer>(
    question: (isGivenUp: () => boolean) => Promise<AskResult<Answer>>,
  ): Promise<AskResult<Answer>> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => resolve({ outcome: "gone" });
      this.#waiting.add(giveUp);
      this.#watch();
      const isGivenUp = (): boolean => !this.#waiting.has(giveUp);
      question(isGivenUp)
        .finally(() => this.#waiting.delete(giveUp))
        .then(resolve, reject);
    });
  }

  /** One timer for all who wait. */
  #watch(): void {
    this.#timer ??= this.#clock.after(lookMs, () => {
      this.#timer = undefined;
      if (!this.#isReached()) {
        for (const giveUp of this.#waiting) giveUp();
        this.#waiting.clear();
      }
      if (this.#waiting.size > 0) this.#watch();
    });
  }
}
