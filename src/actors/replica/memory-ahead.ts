/**
 * Memory for the next large insert, brought in while nothing waits: the first touch of a page of shared
 * memory takes several times as long as copying rows into it. As much as the last insert took is made
 * ready, a little at a time. What is not ready when the insert comes, it touches itself.
 */
import type { Clock, Timer } from "../../base/index.js";
import type { SharedRows } from "../../index/index.js";

/** Smaller inserts touch what they need in no time. */
const bytesMin = 1024 * 1024;
/** What a replica that gets no more inserts holds for nothing, at most. */
const bytesMax = 16 * 1024 * 1024;
/** About a millisecond of work. */
const sliceBytes = 1024 * 1024;
const everyMs = 2;

export interface MemoryAheadParts {
  readonly rows: SharedRows;
  readonly clock: Clock;
  /** Makes room for `count` rows in all; may be refused. */
  readonly reserve: (count: number) => Promise<void>;
}

export class MemoryAhead {
  readonly #parts: MemoryAheadParts;
  #next = 0;
  #end = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: MemoryAheadParts) {
    this.#parts = parts;
  }

  /** After a commit of so many new rows. */
  committed(newRows: number): void {
    const { rows } = this.#parts;
    const { stride } = rows.layout;
    if (newRows * stride < bytesMin || this.#stopped) return;
    const first = rows.written;
    const end = first + Math.min(newRows, Math.floor(bytesMax / stride));
    this.#parts.reserve(end).then(
      () => this.#begin(first, end),
      () => undefined, // The next insert asks for itself, and tells.
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #begin(first: number, end: number): void {
    if (this.#stopped) return;
    this.#next = Math.max(first, this.#next);
    this.#end = end;
    if (this.#timer === undefined) this.#goOn();
  }

  #goOn(): void {
    this.#timer = undefined;
    const { rows, clock } = this.#parts;
    const to = Math.min(this.#end, this.#next + Math.ceil(sliceBytes / rows.layout.stride));
    if (this.#next >= to) return;
    rows.touch(this.#next, to);
    this.#next = to;
    this.#timer = clock.after(everyMs, () => this.#goOn());
  }
}
