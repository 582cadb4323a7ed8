/**
 * The bound on work let in. A request counts from its headers to the end of its answer; bytes count
 * while a body or an answer is held in memory. Past a bound the caller is told `OVERLOADED` at once,
 * before anything of its request has been looked at: a queue here would only hide the overload.
 */
import { DvespError, assert } from "../base/index.js";

export interface AdmissionBounds {
  readonly requestsMax: number;
  readonly heldBytesMax: number;
}

/** When a refused caller may try again; most requests end well within it. */
const retryAfterMs = 1000;

export class Admission {
  readonly #bounds: AdmissionBounds;
  #requests = 0;
  #heldBytes = 0;

  constructor(bounds: AdmissionBounds) {
    this.#bounds = bounds;
  }

  get requests(): number {
    return this.#requests;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Counts a request in. Errors: `OVERLOADED`, and then it must not `leave`. */
  enter(): void {
    if (this.#requests >= this.#bounds.requestsMax) {
      throw overloaded(`${this.#bounds.requestsMax} requests are under way`);
    }
    this.#requests++;
  }

  leave(): void {
    assert(this.#requests > 0, "a request leaves once");
    this.#requests--;
  }

  /** Makes room for part of a body. Errors: `OVERLOADED`, and then nothing is held. */
  hold(bytes: number): void {
    if (this.#heldBytes + bytes > this.#bounds.heldBytesMax) {
      throw overloaded(`bodies of ${this.#heldBytes} bytes are held already`);
    }
    this.#heldBytes += bytes;
  }

  /** Counts bytes that are there in any case: an answer waiting for a slow reader. */
  holdAnswer(bytes: number): void {
    this.#heldBytes += bytes;
  }

  release(bytes: number): void {
    assert(bytes <= this.#heldBytes, "no more is released than was held");
    this.#heldBytes -= bytes;
  }
}

function overloaded(why: string): DvespError {
  const message = `this node has no room for another request now: ${why}`;
  return new DvespError("OVERLOADED", message, { retry_after_ms: retryAfterMs });
}
