/**
 * Rivals that overtake each other begin anew, and would for ever if all of them did so at once: who has lost
 * waits a time of chance, up to twice as long each time, so that one of them comes through.
 */
import { randomBelow, sleep } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";

const firstMsMax = 12;
const lastMsMax = 384;

export class Pauses {
  readonly #clock: Clock;
  readonly #random: Random;
  #msMax = firstMsMax;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Waits once, not beyond `endMs`, a time of the monotonic clock. */
  async wait(endMs: number): Promise<void> {
    const restMs = Math.max(0, endMs - this.#clock.monotonic());
    const pauseMs = 1 + randomBelow(this.#random, this.#msMax);
    this.#msMax = Math.min(2 * this.#msMax, lastMsMax);
    await sleep(this.#clock, Math.min(pauseMs, restMs));
  }
}
