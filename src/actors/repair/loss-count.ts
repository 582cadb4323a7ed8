/** Counts hints that were lost and says so, at most once a second: on a full disk every one of them is. */
import type { Clock } from "../../base/index.js";

const sayEveryMs = 1000;

export class LossCount {
  readonly #clock: Clock;
  readonly #say: (hints: number) => void;
  #unsaid = 0;
  #isQuiet = false;

  constructor(clock: Clock, say: (hints: number) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  add(hints: number): void {
    this.#unsaid += hints;
    if (this.#isQuiet || this.#unsaid === 0) return;
    this.#say(this.#unsaid);
    this.#unsaid = 0;
    this.#isQuiet = true;
    this.#clock.after(sayEveryMs, () => {
      this.#isQuiet = false;
      this.add(0);
    });
  }
}
