/**
 * Exact search: the distance of every row of a range, or of every admitted one, by the kernels, in
 * blocks of 4,096 rows. One scanner per thread and `SharedRows`; its scratch slot is that thread's.
 * Dead rows are left out; any of the three metrics runs over any rows.
 */
import { assert, DvespError } from "../base/index.js";
import type { AllowList } from "./allow-list.js";
import type { Hits } from "./hits.js";
import { metricCodes, type Metric } from "./metric.js";
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
  readonly #block = new Uint32Array(blockRows);

  constructor(readonly rows: SharedRows) {}

  /** The nearest rows of a range. Errors: `TIMEOUT` when told to stop. */
  scan(target: Target, range: ScanRange): Hits {
    const nearest = new Nearest(target.k, target.maxDistance);
    const { from, to, allow } = range;
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
    for (let at = 0; at < ordinals.length; at += blockRows) {
      const end = Math.min(at + blockRows, ordinals.length);
      this.#scanList(target, ordinals, at, end, nearest);
    }
    return nearest.drain();
  }

  /** Puts the query where the kernels of `segment` read it: of unit length for cosine. */
  #load({ query, metric }: Target, segment: Segment): void {
    const { layout, scratch } = this.rows;
    assert(query.length === layout.dimension, "query of the rows' dimension");
    // The padding behind it stays as memory begins: zeros.
    segment.floats(scratch.ordinals).set(query, scratch.query / 4);
    if (metric === "cosine") segment.kernels.toUnitLength(scratch.query, layout.vectorBytes);
  }

  #scanAll(target: Target, { from, to, allow }: ScanRange, nearest: Nearest): void {
    let first = from;
    for (const { segment, local, count } of this.rows.ranges(from, to)) {
      this.#load(target, segment);
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
    const { distances } = this.rows.scratch;
    const floats = segment.floats(distances + 4 * count);
    let limit = nearest.limit;
    for (let index = 0; index < count; index++) {
      const distance = floats[distances / 4 + index] as number;
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
      this.#scanList(target, this.#block, 0, taken, nearest);
      stopIfAsked(target);
      from = (this.#block[taken - 1] as number) + 1;
    }
  }

  /** Scans at most a block of `ordinals`, those from `start` to `stop`, run by run of one segment. */
  #scanList(
    target: Target,
    ordinals: Uint32Array,
    start: number,
    stop: number,
    nearest: Nearest,
  ): void {
    while (start < stop) {
      const index = this.rows.segmentOf(ordinals[start] as number);
      let end = start + 1;
      while (end < stop && this.rows.segmentOf(ordinals[end] as number) === index) end++;
      this.#scanRun(target, index, ordinals, start, end, nearest);
      start = end;
    }
  }

  /** Scans those from `start` to `end`, which lie in segment `index`. */
  #scanRun(
    target: Target,
    index: number,
    ordinals: Uint32Array,
    start: number,
    end: number,
    nearest: Nearest,
  ): void {
    const { layout, scratch } = this.rows;
    const segment = this.rows.segment(index);
    this.#load(target, segment);
    const base = index * layout.rowsPerSegment;
    const reach = scratch.distances + 4 * (end - start);
    const words = segment.words(reach);
    for (let at = start; at < end; at++) {
      words[scratch.ordinals / 4 + at - start] = (ordinals[at] as number) - base;
    }
    segment.kernels.scanList(
      metricCodes[target.metric],
      scratch.query,
      rowOffset(layout, 0),
      layout.stride,
      layout.vectorBytes,
      scratch.ordinals,
      end - start,
      scratch.distances,
    );
    const floats = segment.floats(reach);
    for (let at = start; at < end; at++) {
      nearest.offer(ordinals[at] as number, floats[scratch.distances / 4 + at - start] as number);
    }
  }
}

/** Errors: `TIMEOUT` when the caller no longer waits. */
export function stopIfAsked({ shouldStop }: Pick<Target, "shouldStop">): void {
  if (shouldStop?.()) throw new DvespError("TIMEOUT", "the search ran out of time");
}
