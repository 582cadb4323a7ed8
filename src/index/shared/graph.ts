/**
 * A graph in shared memory behind typed arrays and ordinals, as one thread sees it: the builder's
 * thread and its helpers add, any thread walks. The kernels do the work; this gives them a scratch slot, memory to
 * grow into, and vectors.
 */
import { assert, DvespError, systemRandom, type Random } from "../../base/index.js";
import type { AllowList } from "../allow-list.js";
import { pageBytes, scratchSlots, segmentPagesMax } from "../row-layout.js";
import type { SharedSpec } from "../index-spec.js";
import { instantiateGraph, type GraphKernels } from "./graph-kernels.js";
import {
  efMax,
  flagsField,
  graphLayout,
  graphPages,
  header,
  slot,
  type GraphLayout,
} from "./graph-layout.js";
import type { FilteredWalk, GraphHits, GraphList, GraphWalk } from "./graph-queries.js";

/** Memory is taken in steps of 2 MiB. */
const growthPages = 32;
const deadFlag = 1;
/** Bytes of codes between two checks of a deadline, and rows at most: whole words of an allow-list. */
const listedBytes = 1 << 24;
const listedRowsMax = 65_536;
/** The kernels' number of no row. */
const noRow = 0xffff_ffff;
/** Rows that a walk meets between two checks. */
const walkedRows = 2048;
/** A filtered walk begins at the nearest of a sample of admitted rows, taken in so many places. */
const seeds = 16;
const sampledRows = 512;
const sampledPlaces = 16;

export class SharedGraph {
  readonly layout: GraphLayout;
  readonly memory: WebAssembly.Memory;
  readonly #kernels: GraphKernels;
  readonly #scratch: number;
  readonly #dimension: number;
  /** Links of a row on one upper level at most. */
  readonly m: number;
  #words: Uint32Array;
  #floats: Float32Array;

  private constructor(spec: SharedSpec, memory: WebAssembly.Memory, scratchSlot: number) {
    assert(scratchSlot >= 0 && scratchSlot < scratchSlots, "scratch slot in range");
    this.layout = graphLayout(spec);
    this.memory = memory;
    this.#dimension = spec.dimension;
    this.m = spec.m;
    // Growing by nothing makes this thread see what others have added.
    memory.grow(0);
    this.#kernels = instantiateGraph(memory);
    this.#scratch = scratchAddress(this.layout, scratchSlot);
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
  }

  /**
   * An empty graph. `random` gives it its identity.
   * Errors: `STORAGE_FULL` when there is no memory.
   */
  static create(spec: SharedSpec, scratchSlot: number, random: Random = systemRandom): SharedGraph {
    const layout = graphLayout(spec);
    const graph = new SharedGraph(spec, allocate(graphPages(layout, 0)), scratchSlot);
    const words = graph.#words;
    words[header.upperUsed / 4] = layout.upperBase;
    words[header.identity / 4] = random.uint32();
    words[header.identity / 4 + 1] = random.uint32();
    words[header.codeBytes / 4] = layout.codeBytes;
    words[header.upperEnd / 4] = layout.sketchBase;
    words[header.m / 4] = spec.m;
    words[header.efConstruction / 4] = spec.efConstruction;
    graph.#floats[header.productFactor / 4] = spec.metric === "dot_product" ? 1 : 2;
    words[header.isUnitLength / 4] = spec.metric === "cosine" ? 1 : 0;
    words[header.bitmapBytes / 4] = layout.bitmapBytes;
    words[header.rowsBase / 4] = layout.rowsBase;
    words[header.stride / 4] = layout.stride;
    words[header.sketchBits / 4] = layout.sketchBits;
    words[header.sketchStride / 4] = layout.sketchStride;
    words[header.sketchBase / 4] = layout.sketchBase;
    words[header.components / 4] = layout.components;
    return graph;
  }

  /** Another thread's graph; each thread passes a slot of its own. */
  static attach(spec: SharedSpec, memory: WebAssembly.Memory, scratchSlot: number): SharedGraph {
    return new SharedGraph(spec, memory, scratchSlot);
  }

  /** Whether `memory` is this graph's, seen from whatever thread. */
  isSame(memory: WebAssembly.Memory): boolean {
    const other = new Uint32Array(memory.buffer, header.identity, 2);
    const at = header.identity / 4;
    return this.#words[at] === other[0] && this.#words[at + 1] === other[1];
  }

  /** Makes room for `rows` rows in all (builder only); whether there is. */
  reserve(rows: number): boolean {
    if (rows > this.layout.rowsMax) return false;
    const present = this.memory.buffer.byteLength / pageBytes;
    const needed = graphPages(this.layout, rows);
    if (needed <= present) return true;
    const pages = Math.max(needed, Math.min(present + growthPages, segmentPagesMax));
    try {
      this.memory.grow(pages - present);
    } catch {
      return false;
    }
    this.#words = new Uint32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
    return true;
  }

  /** Centres all rows by `mean`; only before the first is added (builder only). */
  centre(mean: Float32Array): void {
    this.#floats.set(mean, header.mean / 4);
  }

  /**
   * Links a row for which room was made (builder and helpers). False when another writer did not let
   * go of a lock within a second or so: the row is to be added again, which mends what is missing.
   */
  add(ordinal: number, vector: Float32Array, level: number): boolean {
    this.#load(vector);
    return this.#kernels.insertRow(this.#scratch, ordinal, level) !== 0;
  }

  /** Leaves a row out of later results, whether it was added or not (builder and helpers). */
  remove(ordinal: number): void {
    Atomics.or(this.#words, this.#flagsIndex(ordinal), deadFlag);
  }

  /** Frees what a writer with this scratch slot, whose thread is dead, had locked of `rows` rows. */
  releaseLocks(scratchSlot: number, rows: number): void {
    const holder = scratchAddress(this.layout, scratchSlot);
    const release = (index: number): void => {
      const word = Atomics.load(this.#words, index);
      if (word - (word % pageBytes) === holder) Atomics.and(this.#words, index, pageBytes - 1);
    };
    release(header.entryLock / 4);
    for (let ordinal = 0; ordinal < rows; ordinal++) release(this.#flagsIndex(ordinal));
  }

  isRemoved(ordinal: number): boolean {
    return ((this.#words[this.#flagsIndex(ordinal)] as number) & deadFlag) !== 0;
  }

  /** Whether the graph holds the code of `vector` under `ordinal`. */
  holds(ordinal: number, vector: Float32Array): boolean {
    this.#load(vector);
    this.#kernels.prepareQuery(this.#scratch);
    const { rowsBase, stride, codeBytes } = this.layout;
    const held = (rowsBase + ordinal * stride) / 4;
    const made = (this.#scratch + slot.query) / 4;
    for (let word = 0; word < codeBytes / 4 + 2; word++) {
      if (this.#words[held + word] !== this.#words[made + word]) return false;
    }
    return true;
  }

  /** The parts of the memory that make up a graph of `rows` rows: header, upper lists, rows. */
  parts(rows: number): readonly Uint8Array[] {
    const { upperBase, sketchBase, sketchStride, rowsBase, stride } = this.layout;
    const { buffer } = this.memory;
    const upperUsed = this.#words[header.upperUsed / 4] as number;
    return [
      new Uint8Array(buffer, header.entry, header.identity),
      new Uint8Array(buffer, header.mean, 4 * this.layout.components),
      new Uint8Array(buffer, upperBase, upperUsed - upperBase),
      new Uint8Array(buffer, sketchBase, rows * sketchStride),
      new Uint8Array(buffer, rowsBase, rows * stride),
    ];
  }

  /** Rows near the query, nearest first; may be fewer than wanted although there are more. */
  walk({ query, wanted, ef, limit, allow, hidden = -1, between, first = 0 }: GraphWalk): GraphHits {
    this.#load(query);
    const scratch = this.#scratch;
    this.#kernels.prepareQuery(scratch);
    const isOwn = hidden >= first && hidden < first + limit;
    const met = this.#fillPool(Math.min(ef, efMax), isOwn ? hidden - first : noRow, between);
    if (allow) this.#loadAllowed(allow, first, limit);
    const count = this.#kernels.collect(scratch, met, limit, allow ? 1 : 0);
    return { ordinals: this.#collected(Math.min(count, wanted), first), count };
  }

  /** The nearest of all admitted rows, by their codes, nearest first. */
  list({ query, wanted, limit, allow, between, first = 0 }: GraphList): Uint32Array {
    this.#load(query);
    const scratch = this.#scratch;
    this.#kernels.prepareQuery(scratch);
    this.#loadAllowed(allow, first, limit);
    const fitting = 32 * Math.floor(listedBytes / 32 / this.layout.codeBytes);
    const part = Math.min(listedRowsMax, fitting);
    let kept = 0;
    for (let from = 0; from < limit; from += part) {
      const to = Math.min(limit, from + part);
      kept = this.#kernels.scanAllowed(scratch, from, to, wanted, kept);
      between();
    }
    return this.#collected(this.#kernels.collect(scratch, kept, limit, 0), first);
  }

  /**
   * Admitted rows near the query, nearest first, by a walk that follows links to admitted rows alone, and
   * through one other row: whatever the filter, it compares with admitted rows only. It may miss those
   * that no such links reach.
   */
  filteredWalk({
    query,
    wanted,
    ef,
    share,
    limit,
    allow,
    between,
    first = 0,
  }: FilteredWalk): GraphHits {
    this.#load(query);
    const scratch = this.#scratch;
    this.#kernels.prepareQuery(scratch);
    this.#loadAllowed(allow, first, limit);
    this.#kernels.openFiltered(scratch, this.#seed(limit, share));
    let met = 0;
    while ((met = this.#kernels.walkFiltered(scratch, ef, walkedRows)) === 0) between();
    const count = this.#kernels.collect(scratch, met, limit, 1);
    return { ordinals: this.#collected(Math.min(count, wanted), first), count };
  }

  /** Puts the nearest of a sample of the allowed rows, about a `share` of those below `limit`, in the pool. */
  #seed(limit: number, share: number): number {
    const step = 32 * Math.ceil(limit / 32 / sampledPlaces);
    const length = Math.min(step, 32 * Math.ceil(sampledRows / share / 32 / sampledPlaces));
    let kept = 0;
    for (let from = 0; from < limit; from += step) {
      const to = Math.min(limit, from + length);
      kept = this.#kernels.scanAllowed(this.#scratch, from, to, seeds, kept);
    }
    return kept;
  }

  /** What `collect` has left in the pool, as ordinals. */
  #collected(count: number, first: number): Uint32Array {
    const from = (this.#scratch + slot.pool) / 4;
    const rows = new Uint32Array(count);
    for (let at = 0; at < count; at++) rows[at] = first + (this.#words[from + at] as number);
    return rows;
  }

  /** Walks for the prepared query around one row; how many candidates the pool holds. */
  #fillPool(ef: number, hidden: number, between: (() => void) | undefined): number {
    let met = 0;
    if (this.#kernels.openWalk(this.#scratch, hidden) !== 0) {
      while ((met = this.#kernels.walk(this.#scratch, ef, walkedRows)) === 0) between?.();
    }
    between?.();
    return met;
  }

  #load(vector: Float32Array): void {
    assert(vector.length === this.#dimension, "vector of the graph's dimension");
    const first = (this.#scratch + slot.vector) / 4;
    this.#floats.set(vector, first);
    const { components } = this.layout;
    if (components > vector.length) this.#floats.fill(0, first + vector.length, first + components);
  }

  /** One bit for each row below `limit`, whatever the list's own length. */
  #loadAllowed({ words }: AllowList, first: number, limit: number): void {
    const at = (this.#scratch + slot.visited + this.layout.bitmapBytes) / 4;
    const needed = Math.ceil(limit / 32);
    const given = words.subarray(first / 32, first / 32 + needed);
    this.#words.set(given, at);
    if (given.length < needed) this.#words.fill(0, at + given.length, at + needed);
  }

  #flagsIndex(ordinal: number): number {
    const { rowsBase, stride, codeBytes } = this.layout;
    return (rowsBase + ordinal * stride + codeBytes + flagsField) / 4;
  }
}

function scratchAddress({ slotBytes }: GraphLayout, scratchSlot: number): number {
  return pageBytes + scratchSlot * slotBytes;
}

function allocate(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: segmentPagesMax, shared: true });
  } catch (cause) {
    throw new DvespError("STORAGE_FULL", "no memory left for a graph", { cause });
  }
}
