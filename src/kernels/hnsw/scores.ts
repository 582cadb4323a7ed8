/**
 * Scores of many scattered rows. A score orders rows as their distance does: the squared Euclidean
 * distance (of unit vectors for cosine), or the negative inner product. Memory is what takes the
 * time: the cache lines of the next 32 rows are all asked for before the first is needed, of fewer
 * where rows are so long that they would push each other out of the nearest cache.
 */
import { scoreFourFloats } from "../codes/floats";
import { scoreFourCodes } from "../codes/score-four";
import { touchLines } from "../touch";
import { codeBytes, isFloat, productFactor, rowAt, rowsBase, rowStride } from "./layout";

const AHEAD: u32 = 32;
const AHEAD_FLOATS: u32 = 8;

/**
 * Scores of the `count` rows at `ids` against the row-like `query`, to `scores`. Writes up to three
 * more ids and scores, to have fours.
 */
export function scoreRows(query: usize, ids: usize, count: u32, scores: usize): void {
  const last = load<u32>(ids + ((<usize>count - 1) << 2));
  const end = (count + 3) & ~3;
  for (let at = count; at < end; at++) store<u32>(ids + ((<usize>at) << 2), last);
  const ahead = isFloat() ? AHEAD_FLOATS : AHEAD;
  for (let start: u32 = 0; start < end; start += ahead) {
    const stop = min<u32>(end, start + ahead);
    touchRows(ids, start, min<u32>(count, stop), scores);
    for (let at = start; at < stop; at += 4) {
      const offset = (<usize>at) << 2;
      v128.store(scores + offset, scoreFour(query, ids + offset));
    }
  }
}

// @ts-ignore: decorator
@inline
function touchRows(ids: usize, start: u32, stop: u32, scores: usize): void {
  const rows = rowsBase();
  const stride = rowStride();
  const bytes = codeBytes();
  let sum: u32 = 0;
  for (let at = start; at < stop; at++) {
    sum += touchLines(rows + <usize>load<u32>(ids + ((<usize>at) << 2)) * stride, bytes);
  }
  store<u32>(scores + ((<usize>start) << 2), sum);
}

/** Scores of the four rows whose numbers are at `ids`. */
// @ts-ignore: decorator
@inline
export function scoreFour(query: usize, ids: usize): v128 {
  const a = rowAt(load<u32>(ids));
  const b = rowAt(load<u32>(ids, 4));
  const c = rowAt(load<u32>(ids, 8));
  const d = rowAt(load<u32>(ids, 12));
  if (isFloat()) return scoreFourFloats(query, a, b, c, d, codeBytes(), productFactor());
  return scoreFourCodes(query, a, b, c, d, codeBytes(), productFactor());
}
