/**
 * Which rows' records have changed under their ordinals: replaced, updated, deleted. Whoever derives
 * something from records on another thread learns here what of it may be out of date.
 *
 * The writer notes the ordinals before it commits (`begin`) and settles them after (`settle`). So:
 *
 * - all changes below a `settled` that was read before a snapshot was taken are in that snapshot;
 * - all changes in a snapshot are below a `begun` that is read after it was taken.
 *
 * Who holds a state that knows all changes below `position` therefore looks at the records of the
 * ordinals `since(position)` in its snapshot, and is then up to date with that snapshot. A change too
 * many costs a look; a writer that dies between the two steps leaves a few of those.
 *
 * Commits are counted as well, those that change no record too: while the count stands still, and no commit
 * is under way, every snapshot shows the same.
 *
 * A ring in shared memory, one writer, any number of readers, no locks. `claimed` moves before
 * entries are written, so that a reader notices when what it copied was written over meanwhile.
 */
import { assert } from "../base/index.js";

const head = { claimed: 0, begun: 1, settled: 2, commitsBegun: 3, commitsSettled: 4 } as const;
const headBytes = 64;

/** Changes remembered. A reader that is further behind starts from nothing. */
const capacityDefault = 1 << 20;

export class ChangeLog {
  readonly #head: BigUint64Array;
  readonly #ring: Uint32Array;

  private constructor(readonly buffer: SharedArrayBuffer) {
    this.#head = new BigUint64Array(buffer, 0, headBytes / 8);
    this.#ring = new Uint32Array(buffer, headBytes);
  }

  static create(capacity = capacityDefault): ChangeLog {
    return new ChangeLog(new SharedArrayBuffer(headBytes + 4 * capacity));
  }

  static attach(buffer: SharedArrayBuffer): ChangeLog {
    return new ChangeLog(buffer);
  }

  get begun(): number {
    return this.#read(head.begun);
  }

  get settled(): number {
    return this.#read(head.settled);
  }

  /**
   * Commits so far; undefined while one is under way, or may be. Who reads a number before taking a
   * snapshot, and the same number later, could take none by then that shows anything else.
   */
  get commits(): number | undefined {
    // In this order: a commit begun in between is seen when this is read again.
    const begun = this.#read(head.commitsBegun);
    return this.#read(head.commitsSettled) === begun ? begun : undefined;
  }

  /** Notes a commit that begins, and the rows whose records it is about to change (writer only). */
  begin(ordinals: Uint32Array): void {
    this.#store(head.commitsBegun, this.#read(head.commitsBegun) + 1);
    if (ordinals.length === 0) return;
    const from = this.begun;
    const to = from + ordinals.length;
    const capacity = this.#ring.length;
    this.#store(head.claimed, to);
    for (let at = Math.max(from, to - capacity); at < to; at++) {
      this.#ring[at % capacity] = ordinals[at - from] as number;
    }
    this.#store(head.begun, to);
  }

  /** Every commit begun so far is visible now, or never will be (writer only). */
  settle(): void {
    this.#store(head.settled, this.begun);
    this.#store(head.commitsSettled, this.#read(head.commitsBegun));
  }

  /** The rows noted from `position` on; undefined when some of them were written over. */
  since(position: number): Uint32Array | undefined {
    const end = this.begun;
    assert(position <= end, "a position that was read here");
    const capacity = this.#ring.length;
    if (end - position > capacity) return undefined;
    const rows = new Uint32Array(end - position);
    for (let at = position; at < end; at++)
      rows[at - position] = this.#ring[at % capacity] as number;
    return this.#read(head.claimed) - position > capacity ? undefined : rows;
  }

  #read(at: number): number {
    return Number(Atomics.load(this.#head, at));
  }

  #store(at: number, value: number): void {
    Atomics.store(this.#head, at, BigInt(value));
  }
}
