/**
 * Clients from a seed: each does one operation after the other through nodes of its choice, and tells the
 * checker what it asked for and what it heard.
 */
import { randomBelow, sleep } from "../../src/base/index.js";
import { Reads } from "./reads.js";
import { Session } from "./session.js";
import type { SessionParts } from "./session.js";
import { Writes } from "./writes.js";

export interface WorkloadParts extends SessionParts {
  readonly clients: number;
  /** How much longer clients rest than they do by default. */
  readonly restFactor?: number | undefined;
  /** After so many operations some earlier write is read at ONE, with its token; default: none. */
  readonly readBackShare?: number | undefined;
  /** After so many operations a call with a key that was acknowledged is sent again; default: none. */
  readonly againShare?: number | undefined;
  /** Asked before each operation, with how many all clients together have begun. */
  readonly goesOn: (begun: number) => boolean;
}

export class Workload {
  readonly #parts: WorkloadParts;
  readonly #session: Session;
  readonly #writes: Writes;
  readonly reads: Reads;
  #begun = 0;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
    this.#session = new Session(parts);
    this.#writes = new Writes(this.#session);
    this.reads = new Reads(this.#session);
  }

  /** Operations begun, and answers to them: one that was sent again may have several. */
  get counts(): { readonly begun: number; readonly answered: number } {
    return { begun: this.#begun, answered: this.#session.answered };
  }

  /** How many calls ended how. */
  get outcomes(): ReadonlyMap<string, number> {
    return this.#session.outcomes;
  }

  async run(): Promise<void> {
    const { clients } = this.#parts;
    await Promise.all(Array.from({ length: clients }, () => this.#client()));
  }

  async #client(): Promise<void> {
    const { clock, random, goesOn, restFactor = 1 } = this.#parts;
    const { readBackShare = 0, againShare = 0 } = this.#parts;
    while (goesOn(this.#begun)) {
      this.#begun++;
      await this.#operation(randomBelow(random, 100));
      if (this.#happens(readBackShare)) await this.reads.back();
      if (this.#happens(againShare)) await this.#writes.again();
      const rests = this.#session.chance(0.1);
      await sleep(clock, randomBelow(random, (rests ? 800 : 30) * restFactor));
    }
  }

  #happens(share: number): boolean {
    return share > 0 && this.#session.chance(share);
  }

  #operation(dice: number): Promise<unknown> {
    if (this.#parts.isWeak) return dice < 75 ? this.#writes.insert() : this.reads.some();
    return this.#parts.isContended ? this.#contended(dice) : this.#any(dice);
  }

  #contended(dice: number): Promise<unknown> {
    if (dice < 55) return this.#writes.update(true);
    if (dice < 65) return this.#writes.update(false);
    if (dice < 75) return this.#writes.deleteIf();
    return dice < 88 ? this.#writes.insert() : this.reads.some();
  }

  #any(dice: number): Promise<unknown> {
    if (dice < 25) return this.#writes.insert();
    if (dice < 33) return this.#writes.update(false);
    if (dice < 45) return this.#writes.update(true);
    if (dice < 52) return this.#writes.delete();
    if (dice < 56) return this.#writes.deleteIf();
    if (dice < 59) return this.#writes.deleteByFilter();
    if (dice < 80) return this.reads.some();
    if (dice < 88) return this.reads.search();
    return dice < 94 ? this.reads.scroll() : this.reads.count();
  }
}
