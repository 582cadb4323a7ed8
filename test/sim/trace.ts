/**
 * What happened in a simulation, line by line: operations, answers, faults. The same seed makes the same
 * lines, and `hash` says so in a word.
 */
import { createHash } from "node:crypto";

export class Trace {
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #lines: string[] = [];
  readonly #hash = createHash("sha256");

  constructor(now: () => number) {
    this.#now = now;
    this.#startMs = now();
  }

  add(what: string, details: object = {}): void {
    const at = (this.#now() - this.#startMs).toFixed(3);
    const line = `${at} ${what} ${JSON.stringify(details)}`;
    this.#lines.push(line);
    this.#hash.update(line);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Of all lines so far. */
  hash(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
}
