/**
 * The rows [from, to) that several threads take into a graph, and how far each row is, in shared
 * memory. A row is claimed by an atomic addition, so that nobody waits for the slowest. A row that was
 * begun and never finished was in the hands of a thread that died, or that waited for one.
 *
 *     next i32 | 0: not begun, 1: begun, 2: finished, one byte for each row
 */
export interface WriterSliceHandle {
  readonly from: number;
  readonly to: number;
  readonly buffer: SharedArrayBuffer;
}

const begun = 1;
const finished = 2;

export class WriterSlice {
  readonly handle: WriterSliceHandle;
  readonly #next: Int32Array;
  readonly #states: Uint8Array;

  constructor(handle: WriterSliceHandle) {
    this.handle = handle;
    this.#next = new Int32Array(handle.buffer, 0, 1);
    this.#states = new Uint8Array(handle.buffer, 4);
  }

  static create(from: number, to: number): WriterSlice {
    return new WriterSlice({ from, to, buffer: new SharedArrayBuffer(4 + to - from) });
  }

  /** Takes rows in, in their order, each claimed when the one before is done. */
  *rows(): Generator<number> {
    const { from, to } = this.handle;
    for (;;) {
      const ordinal = from + Atomics.add(this.#next, 0, 1);
      if (ordinal >= to) return;
      Atomics.store(this.#states, ordinal - from, begun);
      yield ordinal;
    }
  }

  finish(ordinal: number): void {
    Atomics.store(this.#states, ordinal - this.handle.from, finished);
  }

  /** Rows that nobody has finished; all of them, once nobody works on the slice any more. */
  unfinished(): number[] {
    const { from, to } = this.handle;
    const left: number[] = [];
    for (let ordinal = from; ordinal < to; ordinal++) {
      if (Atomics.load(this.#states, ordinal - from) !== finished) left.push(ordinal);
    }
    return left;
  }
}
