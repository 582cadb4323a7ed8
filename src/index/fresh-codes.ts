/**
 * Codes of a run of rows, a quarter of their bytes, in memory of this thread alone, and what a query's
 * distance to each of these rows cannot be below (src/kernels/bounds.ts).
 *
 * Only committed rows have codes: their bytes never change. Where rows were taken back (the epoch of
 * `SharedRows` has moved), all codes are made anew.
 */
import { assert } from "../base/index.js";
import { instantiateKernels, type Kernels } from "./kernels.js";
import { metricCodes, type Metric } from "./metric.js";
import { blockRows, pageBytes, rowOffset } from "./row-layout.js";
import type { SharedRows } from "./shared-rows.js";

/** Of all records; rows beyond have none. */
const recordsBytesMax = 32 * 1024 * 1024;
/** Bytes of rows that get codes at a time: a few milliseconds of work. */
const turnBytes = 3 * 1024 * 1024;
/** Behind the codes: scale, error, norm and inverse norm. */
const factsBytes = 16;
/** Where the query's levels, rows on their way and bounds are; the records are behind them. */
const queryAt = 0;
const stagingAt = pageBytes;
const stagingBytes = 4 * pageBytes;
const boundsAt = stagingAt + stagingBytes;
const growthPages = 64;

const levelMax = 32_767;
const codeMax = 127;
const sumMax = 2 ** 31 - 1;
/** A query whose largest component is not within these has no levels. */
const componentMin = 1e-15;
const componentMax = 1e15;

/** A query as levels, in the memory of the codes. */
export interface LevelledQuery {
  readonly metric: Metric;
  readonly scale: number;
  readonly norm: number;
  /** Length of what the levels are off by. */
  readonly error: number;
}

export class FreshCodes {
  readonly #rows: SharedRows;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #codeBytes: number;
  readonly #recordBytes: number;
  readonly #capacity: number;
  readonly #recordsAt: number;
  readonly #pagesMax: number;
  readonly #rowsPerTurn: number;
  #floats: Float32Array;
  /** Ordinal of the first record. */
  #first = 0;
  #end = 0;
  #epoch: number;

  private constructor(rows: SharedRows) {
    this.#rows = rows;
    this.#epoch = rows.epoch;
    this.#rowsPerTurn = Math.ceil(turnBytes / rows.layout.stride);
    this.#codeBytes = Math.ceil(rows.dimension / 16) * 16;
    this.#recordBytes = this.#codeBytes + factsBytes;
    this.#capacity = Math.floor(recordsBytesMax / this.#recordBytes);
    this.#recordsAt = boundsAt + Math.ceil(this.#capacity / 4) * 16;
    this.#pagesMax = this.#pagesFor(this.#capacity);
    const [initial, maximum] = [this.#pagesFor(0), this.#pagesMax];
    this.#memory = new WebAssembly.Memory({ initial, maximum, shared: true });
    this.#kernels = instantiateKernels(this.#memory);
    this.#floats = new Float32Array(this.#memory.buffer);
  }

  /** Codes of no rows yet; undefined when there is no memory. */
  static create(rows: SharedRows): FreshCodes | undefined {
    try {
      return new FreshCodes(rows);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** One past the last row that has codes. */
  get end(): number {
    return this.#end;
  }

  /**
   * Lets go of rows below `from`, and makes codes for some of those up to `to`, which are committed, while
   * there is memory.
   */
  cover(from: number, to: number): void {
    const { epoch } = this.#rows;
    if (epoch !== this.#epoch || from < this.#first || from >= this.#end) {
      this.#epoch = epoch;
      this.#first = from;
      this.#end = from;
    }
    const wanted = Math.min(to, this.#end + this.#rowsPerTurn);
    if (wanted - this.#first > this.#capacity) this.#forget(from);
    const end = Math.min(wanted, this.#first + this.#capacity);
    if (end > this.#end && this.#reserve(end - this.#first)) this.#encode(end);
  }

  /** Takes a query in; undefined when its components are too small or too large for levels. */
  load(metric: Metric, query: Float32Array): LevelledQuery | undefined {
    let largest = 0;
    let squares = 0;
    for (const component of query) {
      largest = Math.max(largest, Math.abs(component));
      squares += component * component;
    }
    if (!(largest >= componentMin && largest <= componentMax)) return undefined;
    const factor = metric === "cosine" ? 1 / Math.sqrt(squares) : 1;
    const levels = Math.min(levelMax, Math.floor(sumMax / (codeMax * this.#codeBytes)));
    const scale = (largest * factor) / levels;
    const target = new Int16Array(this.#memory.buffer, queryAt, this.#codeBytes);
    let off = 0;
    for (let at = 0; at < query.length; at++) {
      const component = (query[at] as number) * factor;
      const level = Math.round(component / scale);
      target[at] = level;
      off += (component - level * scale) ** 2;
    }
    return { metric, scale, norm: Math.sqrt(squares) * factor, error: Math.sqrt(off) };
  }

  /**
   * For each row with codes, `from` and on, what it is not nearer than; NaN where nothing is known. Valid
   * until the next call. `between` is called now and then, and may throw.
   */
  bounds(query: LevelledQuery, from: number, between: () => void): Float32Array {
    assert(from >= this.#first && from <= this.#end, "rows with codes");
    const { metric, scale, norm, error } = query;
    const code = metricCodes[metric];
    const count = this.#end - from;
    for (let at = 0; at < count; at += blockRows) {
      const records = this.#recordAt(from + at);
      const size = Math.min(blockRows, count - at);
      const levels = [queryAt, scale, norm, error] as const;
      this.#kernels.boundRows(code, ...levels, records, this.#codeBytes, size, boundsAt + 4 * at);
      between();
    }
    return this.#floats.subarray(boundsAt / 4, boundsAt / 4 + count);
  }

  #recordAt(ordinal: number): number {
    return this.#recordsAt + (ordinal - this.#first) * this.#recordBytes;
  }

  #forget(from: number): void {
    const bytes = new Uint8Array(this.#memory.buffer);
    bytes.copyWithin(this.#recordsAt, this.#recordAt(from), this.#recordAt(this.#end));
    this.#first = from;
  }

  #encode(end: number): void {
    const { layout } = this.#rows;
    const { stride, vectorBytes } = layout;
    const rowsAtOnce = Math.floor(stagingBytes / stride);
    for (const { segment, local, count } of this.#rows.ranges(this.#end, end)) {
      for (let done = 0; done < count; done += rowsAtOnce) {
        const taken = Math.min(rowsAtOnce, count - done);
        const from = rowOffset(layout, local + done);
        const to = from + taken * stride;
        this.#floats.set(segment.floats(to).subarray(from / 4, to / 4), stagingAt / 4);
        const records = this.#recordAt(this.#end);
        this.#kernels.encodeBounded(
          ...([stagingAt, stride, vectorBytes, taken, records, this.#codeBytes] as const),
        );
        this.#end += taken;
      }
    }
  }

  /** Of the memory with so many records. */
  #pagesFor(records: number): number {
    return Math.ceil((this.#recordsAt + records * this.#recordBytes) / pageBytes);
  }

  #reserve(records: number): boolean {
    const present = this.#memory.buffer.byteLength / pageBytes;
    const needed = this.#pagesFor(records);
    if (needed <= present) return true;
    const pages = Math.min(Math.max(needed, present + growthPages), this.#pagesMax);
    try {
      this.#memory.grow(pages - present);
    } catch {
      return false;
    }
    this.#floats = new Float32Array(this.#memory.buffer);
    return true;
  }
}
