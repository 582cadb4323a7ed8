/**
 * Exact search over rows that no index has yet. Where an index is behind they are many, and comparing
 * with all of them takes most of a search: so codes of a quarter of their bytes say which rows may be
 * near enough, and only those are compared. What is found is what comparing with all of them finds.
 *
 * Codes are made by the searches that gain from them, some at a time, in memory of their thread, and
 * dropped when the index has caught up. Where they rule too little out (rows far from the origin, close
 * together), a while goes by without them.
 */
import { ExactScanner, stopIfAsked, type ScanRange, type Target } from "./exact-scanner.js";
import { FreshCodes, type LevelledQuery } from "./fresh-codes.js";
import type { Hits } from "./hits.js";
import { Nearest } from "./nearest.js";
import type { SharedRows } from "./shared-rows.js";

/** Of fewer bytes of rows no codes are made: an index that keeps up has no more to come. */
const codedBytesMin = 8 * 1024 * 1024;
/** Codes that are there stay until the rows are so many times fewer: they may swing around that limit. */
const keptWithin = 4;
/** Codes are no use when one row in so many has to be compared after all. */
const comparedShare = 8;
/** Scans without codes after one that they were no use for. */
const restScans = 64;

export class FreshScanner {
  readonly #rows: SharedRows;
  readonly #scanner: ExactScanner;
  readonly #codedBytesMin: number;
  #codes: FreshCodes | undefined;
  #rest = 0;

  constructor(scanner: ExactScanner, bytesMin = codedBytesMin) {
    this.#rows = scanner.rows;
    this.#scanner = scanner;
    this.#codedBytesMin = bytesMin;
  }

  /** As `ExactScanner.scan`. */
  scan(target: Target, range: ScanRange): Hits {
    const { from, to, allow } = range;
    if (this.#areCodesDue(from, to) && !allow && this.#rest-- <= 0) {
      return this.#scanCoded(target, from, to);
    }
    return this.#scanner.scan(target, range);
  }

  /** Whether codes are worth their making, or are there; drops those of an index that keeps up. */
  #areCodesDue(from: number, to: number): boolean {
    const bytes = (to - from) * this.#rows.layout.stride;
    if (bytes >= this.#codedBytesMin) return true;
    if (bytes * keptWithin < this.#codedBytesMin) this.#codes = undefined;
    return this.#codes !== undefined;
  }

  #scanCoded(target: Target, from: number, to: number): Hits {
    const codes = (this.#codes ??= FreshCodes.create(this.#rows));
    if (!codes) return this.#scanWithout(target, from, to);
    codes.cover(from, Math.min(to, this.#rows.committed));
    const query = codes.load(target.metric, target.query);
    const { end } = codes;
    if (!query || end - from < target.k * comparedShare) {
      return this.#scanner.scan(target, { from, to });
    }
    const near = this.#near(codes, query, target, from);
    if (!near) return this.#scanWithout(target, from, to);
    const nearest = new Nearest(target.k, target.maxDistance);
    nearest.offerAll(this.#scanner.rank(target, near));
    if (end < to) nearest.offerAll(this.#scanner.scan(target, { from: end, to }));
    return nearest.drain();
  }

  /** And so do some scans to come. */
  #scanWithout(target: Target, from: number, to: number): Hits {
    this.#rest = restScans;
    return this.#scanner.scan(target, { from, to });
  }

  /** The rows with codes that may be among the nearest; undefined when they are too many. */
  #near(
    codes: FreshCodes,
    query: LevelledQuery,
    target: Target,
    from: number,
  ): Uint32Array | undefined {
    const count = codes.end - from;
    const bounds = codes.bounds(query, from, () => stopIfAsked(target));
    const limit = this.#limit(bounds, target, from);
    const near = new Uint32Array(Math.floor(count / comparedShare));
    let found = 0;
    for (let index = 0; index < count; index++) {
      // What is no number says nothing.
      if ((bounds[index] as number) > limit) continue;
      if (found === near.length) return undefined;
      near[found++] = from + index;
    }
    return near.subarray(0, found);
  }

  /** As many rows as are wanted are no farther than this. */
  #limit(bounds: Float32Array, target: Target, from: number): number {
    const { k, maxDistance = Infinity } = target;
    const likely = new Nearest(k);
    let { limit } = likely;
    for (let index = 0; index < bounds.length; index++) {
      const bound = bounds[index] as number;
      if (!(bound <= limit)) continue;
      likely.offer(from + index, bound);
      limit = likely.limit;
    }
    const { distances } = this.#scanner.rank(target, likely.drain().ordinals);
    return Math.min(maxDistance, distances[k - 1] ?? Infinity);
  }
}
