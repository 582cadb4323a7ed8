/**
 * One shared memory as one thread sees it. Another thread may grow a memory at any time; views of the
 * old length stay valid but do not reach the new rows, so every access says how far it reaches,
 * and the views are taken anew when they are too short.
 */
import { assert, DvespError } from "../base/index.js";
import { instantiateKernels, type Kernels } from "./kernels.js";
import { pageBytes } from "./row-layout.js";

export class Segment {
  #kernels: Kernels | undefined;
  #floats: Float32Array = new Float32Array(0);
  #words: Uint32Array = new Uint32Array(0);

  constructor(readonly memory: WebAssembly.Memory) {
    this.#takeViews();
  }

  /** Made when they are needed first: who only reads rows never does. */
  get kernels(): Kernels {
    return (this.#kernels ??= instantiateKernels(this.memory));
  }

  /** A new, zeroed memory. Errors: `STORAGE_FULL` when the machine refuses it. */
  static allocate(pages: number, pagesMax: number): WebAssembly.Memory {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pagesMax, shared: true });
    } catch (cause) {
      throw new DvespError("STORAGE_FULL", "no memory left for rows", { cause });
    }
  }

  /** Makes the memory at least `pages` long. Errors: `STORAGE_FULL`; nothing has changed then. */
  grow(pages: number): void {
    const missing = pages - this.memory.buffer.byteLength / pageBytes;
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw new DvespError("STORAGE_FULL", "no memory left for rows", { cause });
    }
    this.#takeViews();
  }

  /** The whole memory as float32 values, at least `end` bytes of it. */
  floats(end: number): Float32Array {
    this.#reach(end);
    return this.#floats;
  }

  /** The whole memory as 32-bit words, at least `end` bytes of it. */
  words(end: number): Uint32Array {
    this.#reach(end);
    return this.#words;
  }

  #reach(end: number): void {
    if (this.#words.byteLength >= end) return;
    this.#takeViews();
    assert(this.#words.byteLength >= end, "address inside the segment");
  }

  #takeViews(): void {
    // Growing by nothing makes this thread see what others have added.
    this.memory.grow(0);
    const { buffer } = this.memory;
    this.#floats = new Float32Array(buffer);
    this.#words = new Uint32Array(buffer);
  }
}
