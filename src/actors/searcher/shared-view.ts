/**
 * The snapshot that the reads of one searcher look at. It is taken anew for a read when anything may
 * have been committed since it was taken, and otherwise shared by the reads of a few milliseconds: to
 * take one costs as much as a tenth of a search.
 *
 * A read sees every commit that was answered before it began, and whatever any read before it saw, of
 * any searcher: a commit is counted before storage makes it visible, and a snapshot is shared only if no
 * commit was under way when it was taken and none has begun since.
 */
import type { Clock, Timer } from "../../base/index.js";
import type { ChangeLog, RowView } from "../../payload/index.js";
import type { RowStore } from "../../storage/index.js";

/** A snapshot keeps old pages of storage from reuse, also that of a searcher that nobody asks any more. */
const sharedMs = 10;

export interface SharedViewParts {
  readonly store: Pick<RowStore, "snapshot">;
  readonly changes: ChangeLog;
  readonly clock: Clock;
}

export class SharedView {
  readonly #parts: SharedViewParts;
  #view: RowView | undefined;
  /** Commits when it was taken; undefined when one was under way, and then nobody else gets it. */
  #commits: number | undefined;
  #timer: Timer | undefined;

  constructor(parts: SharedViewParts) {
    this.#parts = parts;
  }

  /** What `read` comes to; it must be done with the view, and with iterators over it, when it returns. */
  read<Result>(read: (view: RowView) => Result): Result {
    const view = this.#current();
    try {
      return read(view);
    } catch (error) {
      this.release();
      throw error;
    } finally {
      if (this.#commits === undefined) this.release();
    }
  }

  /** Lets go of the snapshot; the next read takes another. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#view?.snapshot.release();
    this.#view = undefined;
    this.#commits = undefined;
  }

  #current(): RowView {
    const { changes, clock, store } = this.#parts;
    // Counted before the snapshot is taken, as `settled` is (see `RowView`).
    const { commits, settled } = changes;
    if (this.#view && commits !== undefined && commits === this.#commits) return this.#view;
    this.release();
    const view = { snapshot: store.snapshot(), settled };
    this.#view = view;
    this.#commits = commits;
    if (commits !== undefined) this.#timer = clock.after(sharedMs, () => this.release());
    return view;
  }
}
