/**
 * Passes on that rows were committed to those who build indexes: at once after a pause, and otherwise once for
 * all commits of a short while. They take in what is committed by then, and searches look at the rest.
 */
import type { Clock, Timer } from "../base/index.js";

export class CommitNews {
  readonly #clock: Clock;
  readonly #restMs: number;
  readonly #tell: () => void;
  #restUntilMs = -Infinity;
  #timer: Timer | undefined;

  /** `restMs`: between two tellings. */
  constructor(clock: Clock, restMs: number, tell: () => void) {
    this.#clock = clock;
    this.#restMs = restMs;
    this.#tell = tell;
  }

  committed(): void {
    if (this.#timer) return;
    const leftMs = this.#restUntilMs - this.#clock.monotonic();
    if (leftMs <= 0) this.#tellNow();
    else this.#timer = this.#clock.after(leftMs, () => this.#tellNow());
  }

  /** Begins the rest anew: what was told of is done only now. */
  rest(): void {
    this.#restUntilMs = this.#clock.monotonic() + this.#restMs;
    if (!this.#timer) return;
    this.#timer.cancel();
    this.#timer = this.#clock.after(this.#restMs, () => this.#tellNow());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tellNow(): void {
    this.#timer = undefined;
    this.rest();
    this.#tell();
  }
}
