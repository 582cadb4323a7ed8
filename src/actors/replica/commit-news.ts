/**
 * Tells those who build indexes that rows were committed: at once after a pause, and otherwise once for
 * all commits of a short while. They take in what is committed by then, and searches scan the rest.
 */
import type { Clock, Timer } from "../../base/index.js";

/** Between two tellings. */
const restMs = 50;

export class CommitNews {
  readonly #clock: Clock;
  readonly #tell: () => void;
  #toldMs = -Infinity;
  #timer: Timer | undefined;

  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  committed(): void {
    if (this.#timer) return;
    const leftMs = this.#toldMs + restMs - this.#clock.monotonic();
    if (leftMs <= 0) this.#tellNow();
    else this.#timer = this.#clock.after(leftMs, () => this.#tellNow());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tellNow(): void {
    this.#timer = undefined;
    this.#toldMs = this.#clock.monotonic();
    this.#tell();
  }
}
