/**
 * Exact search: the distance of every row of a range, or of every admitted one, by the kernels, in
 * blocks of 4,096 rows. One scanner per thread and `SharedRows`; its scratch slot is that thread's.
 * Dead rows are left out; any of the three metrics runs over any rows.
 */
import { assert, DvespError } from "../base/index.js";
import type { AllowList } from "./allow-list.js";
import type { Hits } from "./hits.js";
import { metricCodes, unitScale, type Metric } from "./metric.js";
import { Nearest } from "./nearest.js";
import { blockRows, rowOffset } from "./row-layout.js";
import type { Segment } from "./segment.js";
import type { SharedRows } from "./shared-rows.js";

export interface Target {
  /** As many components as the rows have, all finite. */
  readonly query: Float32Array;
  readonly metric: Metric;
  /** Hits wanted at most. */
  readonly k: number;
  /** Rows farther than this are left out. */
  readonly maxDistance?: number | undefined;
  /** Asked between blocks, about once a millisecond; true ends the scan as `TIMEOUT`. */
  readonly shouldStop?: (() => boolean) | undefined;
}

export interface ScanRange {
  readonly from: number;
  /** One past the last ordinal; at most `rows.written`. */
  readonly to: number;
  /** Only these rows, when given. */
  readonly allow?: AllowList | undefined;
}

/**
 * From one admitted row in this many on, scoring all rows and asking the list about the near ones is
 * faster than stepping over the others: memory read in order comes 3 to 4 times as fast.
 */
const denseShare = 4;

export class ExactScanner {
  /** The query as the kernels want it: of unit length for cosine, padded with zeros. */
  readonly #query: Float32Array;
  readonly #block = new Uint32Array(blockRows);

  constructor(readonly rows: SharedRows) {
    this.#query = new Float32Array(rows.layout.vectorBytes / 4);
  }

  /** The nearest rows of a range. Errors: `TIMEOUT` when told to stop. */
  scan(target: Target, range: ScanRange): Hits {
    const nearest = new Nearest(target.k, target.maxDistance);
    const { from, to, allow } = range;
    this.#prepare(target);
    if (!allow || allow.countIn(from, to) * denseShare > to - from) {
      this.#scanAll(target, range, nearest);
    } else {
      this.#scanAdmitted(target, from, to, allow, nearest);
    }
    return nearest.drain();
  }

  /** The nearest of the given rows, in whatever order they come. */
  rank(target: Target, ordinals: Uint32Array): Hits {
    const nearest = new Nearest(target.k, target.maxDistance);
    this.#prepare(target);
    for (let at = 0; at < ordinals.length; at += blockRows) {
      this.#scanList(target, ordinals.subarray(at, at + blockRows), nearest);
    }
    return nearest.drain();
  }

  #prepare({ query, metric }: Target): void {
    assert(query.length === this.rows.dimension, "query of the rows' dimension");
    const scale = metric === "cosine" ? unitScale(query) : 1;
    for (let index = 0; index < query.length; index++) {
      this.#query[index] = (query[index] as number) * scale;
    }
  }

  /** Puts the query where the kernels of `segment` read it. */
  #load(segment: Segment): void {
    const { query, distances } = this.rows.scratch;
    segment.floats(distances).set(this.#query, query / 4);
  }

  #scanAll(target: Target, { from, to, allow }: ScanRange, nearest: Nearest): void {
    let first = from;
    for (const { segment, local, count } of this.rows.ranges(from, to)) {
      this.#load(segment);
      for (let done = 0; done < count; done += blockRows) {
        const size = Math.min(blockRows, count - done);
        this.#scanBlock(target.metric, segment, local + done, size);
        this.#collect(segment, first + done, size, nearest, allow);
        stopIfAsked(target);
      }
      first += count;
    }
  }

  #scanBlock(metric: Metric, segment: Segment, local: number, count: number): void {
    const { layout, scratch } = this.rows;
    const rows = rowOffset(layout, local);
    segment.floats(rows + count * layout.stride);
    segment.kernels.scanRange(
      metricCodes[metric],
      scratch.query,
      rows,
      layout.stride,
      layout.vectorBytes,
      count,
      scratch.distances,
    );
  }

  #collect(
    segment: Segment,
    first: number,
    count: number,
    nearest: Nearest,
    allow: AllowList | undefined,
  ): void {
    const distances = this.#distances(segment);
    let limit = nearest.limit;
    for (let index = 0; index < count; index++) {
      const distance = distances[index] as number;
      if (!(distance <= limit) || (allow && !allow.has(first + index))) continue;
      nearest.offer(first + index, distance);
      limit = nearest.limit;
    }
  }

  #scanAdmitted(
    target: Target,
    from: number,
    to: number,
    allow: AllowList,
    nearest: Nearest,
  ): void {
    while (from < to) {
      const taken = allow.take(from, to, this.#block);
      if (taken === 0) return;
      this.#scanList(target, this.#block.subarray(0, taken), nearest);
      stopIfAsked(target);
      from = (this.#block[taken - 1] as number) + 1;
    }
  }

  /** Scans at most a block of ordinals, run by run of those that lie in one segment. */
  #scanList(target: Target, ordinals: Uint32Array, nearest: Nearest): void {
    for (let start = 0; start < ordinals.length;) {
      const index = this.rows.segmentOf(ordinals[start] as number);
      let end = start + 1;
      while (end < ordinals.length && this.rows.segmentOf(ordinals[end] as number) === index) end++;
      this.#scanRun(target.metric, index, ordinals.subarray(start, end), nearest);
      start = end;
    }
  }

  #scanRun(metric: Metric, index: number, ordinals: Uint32Array, nearest: Nearest): void {
    const { layout, scratch } = this.rows;
    const segment = this.rows.segment(index);
    this.#load(segment);
    const base = index * layout.rowsPerSegment;
    const words = segment.words(scratch.distances);
    for (let at = 0; at < ordinals.length; at++) {
      words[scratch.ordinals / 4 + at] = (ordinals[at] as number) - base;
    }
    segment.kernels.scanList(
      metricCodes[metric],
      scratch.query,
      rowOffset(layout, 0),
      layout.stride,
      layout.vectorBytes,
      scratch.ordinals,
      ordinals.length,
      scratch.distances,
    );
    const distances = this.#distances(segment);
    ordinals.forEach((ordinal, at) => nearest.offer(ordinal, distances[at] as number));
  }

  #distances(segment: Segment): Float32Array {
    const first = this.rows.scratch.distances / 4;
    return segment.floats(4 * (first + blockRows)).subarray(first, first + blockRows);
  }
}

/** Errors: `TIMEOUT` when the caller no longer waits. */
export function stopIfAsked({ shouldStop }: Pick<Target, "shouldStop">): void {
  if (shouldStop?.()) throw new DvespError("TIMEOUT", "the search ran out of time");
}
