/** The end of a caller's patience, as a long computation sees it. */
import { DvespError } from "../../base/index.js";
import type { Clock } from "../../base/index.js";

export class Deadline {
  readonly #clock: Clock;
  readonly #endMs: number;

  /** `arrivedMs`: steady time at which the request reached the node. */
  constructor(clock: Clock, arrivedMs: number, timeoutMs: number) {
    this.#clock = clock;
    this.#endMs = arrivedMs + timeoutMs;
  }

  /** The same, or an earlier steady time. */
  until(ms: number): Deadline {
    return new Deadline(this.#clock, Math.min(ms, this.#endMs), 0);
  }

  get passed(): boolean {
    return this.#clock.monotonic() >= this.#endMs;
  }

  /** Errors: `TIMEOUT` once it has passed. */
  check(): void {
    if (this.passed) throw new DvespError("TIMEOUT", "the read was not finished in timeout_ms");
  }
}
