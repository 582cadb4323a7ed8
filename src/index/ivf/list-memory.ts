/**
 * The memory of an index of lists as one thread sees it: typed views, a scratch slot, and searches.
 * Any thread searches; the builder's thread also writes, through `ListStore`.
 */
import { assert, DvespError, systemRandom, type Random } from "../../base/index.js";
import type { AllowList } from "../allow-list.js";
import type { IvfSpec } from "../index-spec.js";
import { pageBytes, scratchSlots, segmentPagesMax } from "../row-layout.js";
import { instantiateLists, type ListKernels } from "./list-kernels.js";
import {
  header,
  listLayout,
  pagesUpTo,
  slot,
  table,
  wantedMax,
  type ListLayout,
} from "./list-layout.js";

/** Memory is taken in steps of 2 MiB. */
const growthPages = 32;
/** Rows looked at between two questions whether to stop: less than a millisecond. */
const rowsPerTurn = 8192;

export interface ListSearch {
  readonly query: Float32Array;
  /** Rows wanted at most. */
  readonly wanted: number;
  /** Lists to probe at least. */
  readonly lists: number;
  /** Rows to compare with at least; more lists are probed until so many that qualify are met. */
  readonly rows: number;
  /** Only ordinals below are returned. */
  readonly limit: number;
  readonly allow?: AllowList | undefined;
  /** Throws to end the search. */
  readonly checkStop?: (() => void) | undefined;
}

export interface ListHits {
  /** The nearest by their codes, nearest first. */
  readonly ordinals: Uint32Array;
  readonly listsProbed: number;
  readonly rowsCompared: number;
}

export class ListMemory {
  readonly layout: ListLayout;
  readonly kernels: ListKernels;
  readonly memory: WebAssembly.Memory;
  readonly scratch: number;
  readonly #dimension: number;
  #words: Uint32Array;
  #floats: Float32Array;

  private constructor(spec: IvfSpec, memory: WebAssembly.Memory, scratchSlot: number) {
    assert(scratchSlot >= 0 && scratchSlot < scratchSlots, "scratch slot in range");
    this.layout = listLayout(spec.dimension);
    this.memory = memory;
    this.#dimension = spec.dimension;
    this.kernels = instantiateLists(memory);
    this.scratch = pageBytes + scratchSlot * this.layout.slotBytes;
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    // What a thread that died in a search has left.
    Atomics.store(this.#words, (this.scratch + slot.reading) / 4, 0);
  }

  /** A memory without a table. Errors: `STORAGE_FULL` when there is none. */
  static create(spec: IvfSpec, scratchSlot: number, random: Random = systemRandom): ListMemory {
    const { codeBytes, stride, chunksBase } = listLayout(spec.dimension);
    const own = new ListMemory(spec, allocate(pagesUpTo(chunksBase)), scratchSlot);
    const words = own.#words;
    words[header.epoch / 4] = 1;
    words[header.identity / 4] = random.uint32();
    words[header.identity / 4 + 1] = random.uint32();
    words[header.codeBytes / 4] = codeBytes;
    words[header.stride / 4] = stride;
    own.#floats[header.productFactor / 4] = spec.metric === "dot_product" ? 1 : 2;
    words[header.isUnitLength / 4] = spec.metric === "cosine" ? 1 : 0;
    return own;
  }

  /** Another thread's memory; each thread passes a slot of its own. */
  static attach(spec: IvfSpec, memory: WebAssembly.Memory, scratchSlot: number): ListMemory {
    return new ListMemory(spec, memory, scratchSlot);
  }

  /** Whether `memory` is this one, seen from whatever thread. */
  isSame(memory: WebAssembly.Memory): boolean {
    const other = new Uint32Array(memory.buffer, header.identity, 2);
    const at = header.identity / 4;
    return this.#words[at] === other[0] && this.#words[at + 1] === other[1];
  }

  /** Lists in use. */
  get count(): number {
    const address = Atomics.load(this.#words, header.table / 4);
    return this.#words[(address + table.count) / 4] as number;
  }

  /** The whole memory as 32-bit words; anew after `reach` (builder) or for what lies before chunks. */
  get words(): Uint32Array {
    return this.#words;
  }

  get floats(): Float32Array {
    return this.#floats;
  }

  /** Makes the memory reach byte `end` (builder only); whether it does. */
  reach(end: number): boolean {
    const present = this.memory.buffer.byteLength / pageBytes;
    if (end > (segmentPagesMax - 1) * pageBytes) return false;
    const needed = pagesUpTo(end);
    if (needed <= present) return true;
    try {
      this.memory.grow(
        Math.max(needed, Math.min(present + growthPages, segmentPagesMax)) - present,
      );
    } catch {
      return false;
    }
    this.#words = new Uint32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
    return true;
  }

  /** Puts a vector where the kernels read it. */
  load(vector: Float32Array): void {
    assert(vector.length === this.#dimension, "vector of the index's dimension");
    const first = (this.scratch + slot.vector) / 4;
    this.#floats.set(vector, first);
    this.#floats.fill(0, first + vector.length, first + this.layout.codeBytes);
  }

  /** The nearest rows of the lists nearest to the query. Errors: what `checkStop` throws. */
  search(search: ListSearch): ListHits {
    const { wanted, lists, rows, limit, allow, checkStop } = search;
    assert(wanted > 0 && wanted <= wantedMax, "what is wanted fits the pool");
    const { kernels, scratch } = this;
    this.load(search.query);
    if (allow) this.#loadAllowed(allow, limit);
    kernels.openSearch(scratch);
    try {
      const isFiltered = allow ? 1 : 0;
      while (kernels.probe(scratch, lists, rows, limit, wanted, isFiltered, rowsPerTurn) !== 0) {
        checkStop?.();
      }
      checkStop?.();
    } finally {
      kernels.closeSearch(scratch);
    }
    return this.#hits();
  }

  #hits(): ListHits {
    const first = (this.scratch + slot.pool) / 4;
    return {
      ordinals: this.#words.slice(first, first + this.#scratchWord(slot.pooled)),
      listsProbed: this.#scratchWord(slot.listsProbed),
      rowsCompared: this.#scratchWord(slot.rowsCompared),
    };
  }

  #scratchWord(offset: number): number {
    return this.#words[(this.scratch + offset) / 4] as number;
  }

  /** One bit for each ordinal below `limit`, whatever the list's own length. */
  #loadAllowed({ words }: AllowList, limit: number): void {
    const first = (this.scratch + slot.allowed) / 4;
    const needed = Math.ceil(limit / 32);
    this.#words.set(words.subarray(0, needed), first);
    if (words.length < needed) this.#words.fill(0, first + words.length, first + needed);
  }
}

function allocate(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: segmentPagesMax, shared: true });
  } catch (cause) {
    throw new DvespError("STORAGE_FULL", "no memory left for an index", { cause });
  }
}
