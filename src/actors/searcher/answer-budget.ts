/**
 * How much one answer may hold. Counted while it is put together, so that a request for too much is
 * refused before it fills memory. The parts of a batch, on several threads, count on one budget.
 */
import { DvespError, limits } from "../../base/index.js";

export class AnswerBudget {
  readonly #used: Int32Array;

  /** `shared`: the memory of a budget that others count on as well, from `AnswerBudget.memory`. */
  constructor(shared?: SharedArrayBuffer) {
    this.#used = shared ? new Int32Array(shared) : new Int32Array(1);
  }

  /** A budget that nothing was taken from, for several threads. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  }

  /** Errors: `TOO_LARGE` once all is used up. */
  take(bytes: number): void {
    if (Atomics.add(this.#used, 0, bytes) + bytes <= limits.answerBytesMax) return;
    Atomics.sub(this.#used, 0, bytes);
    const message = `the answer would be over ${limits.answerBytesMax} bytes: ask for fewer rows, or without vectors`;
    throw new DvespError("TOO_LARGE", message);
  }
}
