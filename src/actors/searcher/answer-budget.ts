/**
 * How much one answer may hold. Counted while it is put together, so that a request for too much is
 * refused before it fills memory.
 */
import { DvespError, limits } from "../../base/index.js";

export class AnswerBudget {
  #left = limits.answerBytesMax;

  /** Errors: `TOO_LARGE` once all is used up. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    const message = `the answer would be over ${limits.answerBytesMax} bytes: ask for fewer rows, or without vectors`;
    throw new DvespError("TOO_LARGE", message);
  }
}
