/**
 * Which ballot was promised last for an id, also after a row took the promise's place: in memory, for the
 * ids asked for last. What was forgotten is answered by a ballot that is at least as large.
 */
const idsMax = 100_000;

interface Remembered {
  readonly ballot: string;
  readonly before: string;
}

export class BallotMemory {
  /** The ids asked for last stand at the end. */
  readonly #ids = new Map<string, Remembered>();
  #forgotten: string;

  /** `forgotten`: no ballot promised in an earlier life was larger. */
  constructor(forgotten: string) {
    this.#forgotten = forgotten;
  }

  /** Remembers a promise; the largest ballot promised before it, "" when there certainly was none. */
  promise(key: string, ballot: string): string {
    const known = this.#ids.get(key);
    const before =
      known === undefined ? this.#forgotten : known.ballot === ballot ? known.before : known.ballot;
    this.#ids.delete(key);
    this.#ids.set(key, { ballot, before });
    if (this.#ids.size > idsMax) this.#forgetOne();
    return before;
  }

  /** Ballots up to this one may have been promised elsewhere, as far as is known here. */
  forget(ballot: string): void {
    if (ballot > this.#forgotten) this.#forgotten = ballot;
  }

  #forgetOne(): void {
    for (const [key, { ballot }] of this.#ids) {
      this.#ids.delete(key);
      if (ballot > this.#forgotten) this.#forgotten = ballot;
      return;
    }
  }
}
