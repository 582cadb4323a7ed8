/**
 * The float32 rows of one replica, resident in shared memory: one thread writes, any thread reads,
 * nobody locks. A row is named by its ordinal, 0 for the first; row-layout.ts shows where it lies.
 *
 * Invariants, which make reading without locks safe:
 * - the bytes of a row never change once `written` is above its ordinal, but for its dead flag, which
 *   is only ever set;
 * - `written` moves once per batch, after the bytes of the whole batch are in place, so that a reader
 *   sees all of a batch or nothing; `committed <= written` follows when the batch is durable;
 * - the exception is `truncate`, by which a restarted writer takes back what was not durable: it
 *   moves `epoch`, and a reader whose epoch has changed while it was reading reads again;
 * - `markDead` follows the durable removal, so that a dead row never comes back.
 *
 * The writer's order: `reserve` → (if that made a segment: hand the new handle to every thread, which
 * `adopt`s it and says so) → `write` → `publish` → `commit`. A reader that meets a row in a segment it
 * was not given fails an assertion: it would answer as if acknowledged rows were not there.
 */
import { assert, present } from "../base/index.js";
import {
  counters,
  deadFlag,
  pagesFor,
  rowLayout,
  rowOffset,
  scratchSlot,
  segmentPagesMax,
  type RowLayout,
  type ScratchSlot,
} from "./row-layout.js";
import { Segment } from "./segment.js";

/** What another thread needs to read the rows; a structured clone of it shares the memory. */
export interface SharedRowsHandle {
  readonly dimension: number;
  readonly segmentPages: number;
  readonly segments: readonly WebAssembly.Memory[];
}

export interface SharedRowsOptions {
  readonly dimension: number;
  /** Scratch slot of this thread, default 0: the writer's by custom. */
  readonly slot?: number;
  /** 64 KiB pages of one segment at most, default all that 32 bits address (4 GiB). */
  readonly segmentPages?: number;
}

/** Rows that one thread's kernels reach in one call. */
export interface SegmentRange {
  readonly segment: Segment;
  /** Number of the first row inside the segment. */
  readonly local: number;
  readonly count: number;
}

/** Memory is taken in steps of 16 MiB, or a quarter of what there is. */
const growthPages = 256;
/** The system's pages are as large or larger. */
const touchedBytes = 4096;

export class SharedRows {
  readonly layout: RowLayout;
  readonly scratch: ScratchSlot;
  readonly #segmentPages: number;
  readonly #segments: Segment[];
  readonly #counters: Uint32Array;

  private constructor(handle: SharedRowsHandle, slot: number) {
    this.layout = rowLayout(handle.dimension, handle.segmentPages);
    this.scratch = scratchSlot(slot);
    this.#segmentPages = handle.segmentPages;
    this.#segments = handle.segments.map((memory) => new Segment(memory));
    const { memory } = this.segment(0);
    this.#counters = new Uint32Array(memory.buffer, 0, counters.words);
  }

  /** Rows of no replica yet. Errors: `STORAGE_FULL` when there is no memory. */
  static create(options: SharedRowsOptions): SharedRows {
    const { dimension, slot = 0, segmentPages = segmentPagesMax } = options;
    const layout = rowLayout(dimension, segmentPages);
    const segments = [Segment.allocate(pagesFor(layout, 0), segmentPages)];
    return new SharedRows({ dimension, segmentPages, segments }, slot);
  }

  /**
   * The rows behind a handle. Each thread passes a `slot` that no other thread uses on these rows,
   * 0 to `scratchSlots - 1`: kernels write their distances there.
   */
  static attach(handle: SharedRowsHandle, slot: number): SharedRows {
    return new SharedRows(handle, slot);
  }

  share(): SharedRowsHandle {
    return {
      dimension: this.dimension,
      segmentPages: this.#segmentPages,
      segments: this.#segments.map((one) => one.memory),
    };
  }

  /** Takes over the segments of a newer handle of the same rows. */
  adopt(handle: SharedRowsHandle): void {
    for (const memory of handle.segments.slice(this.#segments.length)) {
      this.#segments.push(new Segment(memory));
    }
  }

  get dimension(): number {
    return this.layout.dimension;
  }

  /** Rows that may be read. */
  get written(): number {
    return this.#counter(counters.written);
  }

  /** Rows known to be durable: an index may hold these. */
  get committed(): number {
    return this.#counter(counters.committed);
  }

  /** Rows among `written` that were deleted. */
  get dead(): number {
    return this.#counter(counters.dead);
  }

  /** Moves when rows are taken back; see the head of this file. */
  get epoch(): number {
    return this.#counter(counters.epoch);
  }

  /** Bytes of memory that the readable rows take. */
  get bytes(): number {
    return this.written * this.layout.stride;
  }

  /**
   * Makes room for `rows` rows in all (writer only). Returns the new handle when a segment was added:
   * every other thread must `adopt` it before a row in it is published.
   * Errors: `STORAGE_FULL` when there is no memory; what is there stays usable.
   */
  reserve(rows: number): SharedRowsHandle | undefined {
    const before = this.#segments.length;
    const { rowsPerSegment } = this.layout;
    for (let index = 0; index * rowsPerSegment < rows; index++) {
      const pages = this.#pagesWithRoom(Math.min(rows - index * rowsPerSegment, rowsPerSegment));
      const segment = this.#segments[index];
      if (segment) segment.grow(pages);
      else this.#segments.push(new Segment(Segment.allocate(pages, this.#segmentPages)));
    }
    return this.#segments.length > before ? this.share() : undefined;
  }

  /**
   * Copies packed rows, whose components must be finite, to the ordinals from `firstOrdinal` on
   * (writer only). Nobody sees them before `publish`; until then they may be written again.
   */
  write(firstOrdinal: number, packed: Float32Array): void {
    const { dimension, stride, vectorBytes } = this.layout;
    assert(packed.length % dimension === 0, "whole rows");
    assert(firstOrdinal >= this.written, "readable rows do not change");
    let source = 0;
    for (const { segment, local, count } of this.ranges(
      firstOrdinal,
      firstOrdinal + packed.length / dimension,
    )) {
      const first = rowOffset(this.layout, local);
      const floats = segment.floats(first + count * stride);
      for (let row = 0; row < count; row++, source += dimension) {
        floats.set(packed.subarray(source, source + dimension), (first + row * stride) / 4);
      }
      segment.kernels.finishRows(first, stride, vectorBytes, count);
    }
  }

  /**
   * Has the system bring in the memory of rows [from, to), for which there is room (writer only). It
   * changes nothing, whatever is there or is being written.
   */
  touch(from: number, to: number): void {
    const { stride } = this.layout;
    for (const { segment, local, count } of this.ranges(from, to)) {
      const first = rowOffset(this.layout, local);
      const end = first + count * stride;
      const words = segment.words(end);
      // Writes without reading before: that would map a page of zeros, and replacing it by one's own has
      // every core interrupted. Zero stays zero, and anything else stays as it is.
      for (let at = first; at < end; at += touchedBytes)
        Atomics.compareExchange(words, at / 4, 0, 0);
    }
  }

  /** Makes all rows below `written` readable; every one of them was written (writer only). */
  publish(written: number): void {
    assert(written >= this.written, "published rows are not taken back");
    Atomics.store(this.#counters, counters.written, written);
  }

  /** Says that all rows below `committed` are durable (writer only). */
  commit(committed: number): void {
    assert(committed >= this.committed && committed <= this.written, "committed follows written");
    Atomics.store(this.#counters, counters.committed, committed);
  }

  /** Deletes a readable row, after its removal is durable (writer only); again changes nothing. */
  markDead(ordinal: number): void {
    assert(ordinal < this.written, "only readable rows die");
    const at = this.#flagsIndex(ordinal);
    const before = Atomics.or(at.words, at.index, deadFlag);
    if ((before & deadFlag) === 0) Atomics.add(this.#counters, counters.dead, 1);
  }

  /**
   * Takes back all rows from `count` on, which were not durable (writer only): a restarted writer
   * returns to what is, and a failed commit undoes what it had published.
   */
  truncate(count: number): void {
    const { written, committed } = this;
    assert(count <= written, "truncate only takes back");
    let dead = 0;
    for (let ordinal = count; ordinal < written; ordinal++) if (this.isDead(ordinal)) dead++;
    Atomics.store(this.#counters, counters.committed, Math.min(committed, count));
    Atomics.store(this.#counters, counters.written, count);
    Atomics.add(this.#counters, counters.epoch, 1);
    Atomics.sub(this.#counters, counters.dead, dead);
  }

  isDead(ordinal: number): boolean {
    const at = this.#flagsIndex(ordinal);
    return (Atomics.load(at.words, at.index) & deadFlag) !== 0;
  }

  /** A view of row `ordinal`, which must be readable. The memory is shared: only read it. */
  vector(ordinal: number): Float32Array {
    const { segment, first } = this.#locate(ordinal);
    const { stride, dimension } = this.layout;
    return segment.floats(first + stride).subarray(first / 4, first / 4 + dimension);
  }

  /** Row `ordinal` in memory of its own, which can be sent elsewhere. */
  copyVector(ordinal: number): Float32Array {
    return new Float32Array(this.vector(ordinal));
  }

  /** Number of the segment that holds row `ordinal`. */
  segmentOf(ordinal: number): number {
    return Math.floor(ordinal / this.layout.rowsPerSegment);
  }

  segment(index: number): Segment {
    return present(this.#segments[index], "segment: the handle that brings it");
  }

  /** The rows [from, to), segment by segment. */
  *ranges(from: number, to: number): Generator<SegmentRange> {
    const { rowsPerSegment } = this.layout;
    while (from < to) {
      const local = from % rowsPerSegment;
      const count = Math.min(to - from, rowsPerSegment - local);
      yield { segment: this.segment(this.segmentOf(from)), local, count };
      from += count;
    }
  }

  #counter(index: number): number {
    return Atomics.load(this.#counters, index);
  }

  #pagesWithRoom(rows: number): number {
    const needed = pagesFor(this.layout, rows);
    const step = Math.max(growthPages, Math.ceil(needed / 4));
    return Math.min(Math.ceil(needed / step) * step, this.#segmentPages);
  }

  #locate(ordinal: number): { segment: Segment; first: number } {
    const segment = this.segment(this.segmentOf(ordinal));
    return { segment, first: rowOffset(this.layout, ordinal % this.layout.rowsPerSegment) };
  }

  #flagsIndex(ordinal: number): { words: Uint32Array; index: number } {
    const { segment, first } = this.#locate(ordinal);
    const flags = first + this.layout.vectorBytes + 4;
    return { words: segment.words(flags + 4), index: flags / 4 };
  }
}
