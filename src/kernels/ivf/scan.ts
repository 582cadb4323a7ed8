/**
 * Comparing a query with the rows of one chunk. A row that comes while it is read is either met
 * or not; what is met is whole, because a chunk's count follows its records.
 */
import { insertKey, keyAt, keyOf, scoreOf } from "../codes/pool";
import { scoreFourCodes } from "../codes/score-four";
import {
  ALLOWED,
  codeBytes,
  COUNT,
  ORDINAL,
  POOL,
  POOLED,
  productFactor,
  QUERY,
  RECORDS,
  ROWS_COMPARED,
  stride,
} from "./layout";

/** The score that a row must be below to be among the nearest `wanted`. */
// @ts-ignore: decorator
@inline
function scoreLimit(pool: usize, pooled: u32, wanted: u32): f32 {
  return pooled < wanted ? f32.POSITIVE_INFINITY : scoreOf(keyAt(pool, wanted - 1));
}

/** Puts a row in the pool if its ordinal is below `limit`; how many are pooled then. */
// @ts-ignore: decorator
@inline
function pool(scratch: usize, score: f32, ordinal: u32, limit: u32, wanted: u32): void {
  const pooled = load<u32>(scratch, POOLED);
  if (ordinal >= limit || !(score < scoreLimit(scratch + POOL, pooled, wanted))) return;
  const kept = min<u32>(pooled, wanted - 1);
  insertKey(scratch + POOL, kept, keyOf(score, ordinal));
  store<u32>(scratch, kept + 1, POOLED);
}

// @ts-ignore: decorator
@inline
function poolFour(
  scratch: usize,
  scores: v128,
  rows: usize,
  step: usize,
  count: u32,
  limit: u32,
  wanted: u32,
): void {
  const ordinal = codeBytes() + ORDINAL;
  pool(scratch, f32x4.extract_lane(scores, 0), load<u32>(rows + ordinal), limit, wanted);
  if (count < 2) return;
  rows += step;
  pool(scratch, f32x4.extract_lane(scores, 1), load<u32>(rows + ordinal), limit, wanted);
  if (count < 3) return;
  rows += step;
  pool(scratch, f32x4.extract_lane(scores, 2), load<u32>(rows + ordinal), limit, wanted);
  if (count < 4) return;
  rows += step;
  pool(scratch, f32x4.extract_lane(scores, 3), load<u32>(rows + ordinal), limit, wanted);
}

/** Pools the nearest `wanted` rows of a chunk; how many it has. */
export function scanChunk(scratch: usize, chunk: usize, limit: u32, wanted: u32): u32 {
  const query = scratch + QUERY;
  const bytes = codeBytes();
  const step = stride();
  const factor = productFactor();
  const count = atomic.load<u32>(chunk, COUNT);
  let row = chunk + RECORDS;
  for (let at: u32 = 0; at < count; at += 4) {
    const more = min<u32>(4, count - at);
    const b = row + (more > 1 ? step : 0);
    const c = b + (more > 2 ? step : 0);
    const d = c + (more > 3 ? step : 0);
    const scores = scoreFourCodes(query, row, b, c, d, bytes, factor);
    const farthest = scoreLimit(scratch + POOL, load<u32>(scratch, POOLED), wanted);
    if (v128.any_true(f32x4.lt(scores, f32x4.splat(farthest)))) {
      poolFour(scratch, scores, row, step, more, limit, wanted);
    }
    row += step << 2;
  }
  store<u32>(scratch, load<u32>(scratch, ROWS_COMPARED) + count, ROWS_COMPARED);
  return count;
}

/** As `scanChunk`, of the rows that the bitmap of the scratch slot admits. */
export function scanAdmitted(scratch: usize, chunk: usize, limit: u32, wanted: u32): u32 {
  const query = scratch + QUERY;
  const bytes = codeBytes();
  const step = stride();
  const factor = productFactor();
  const count = atomic.load<u32>(chunk, COUNT);
  let compared = load<u32>(scratch, ROWS_COMPARED);
  let row = chunk + RECORDS;
  for (let at: u32 = 0; at < count; at++, row += step) {
    const ordinal = load<u32>(row + bytes, ORDINAL);
    if (ordinal >= limit || !isAdmitted(scratch, ordinal)) continue;
    const scores = scoreFourCodes(query, row, row, row, row, bytes, factor);
    pool(scratch, f32x4.extract_lane(scores, 0), ordinal, limit, wanted);
    compared++;
  }
  store<u32>(scratch, compared, ROWS_COMPARED);
  return count;
}

// @ts-ignore: decorator
@inline
function isAdmitted(scratch: usize, ordinal: u32): bool {
  const word = load<u32>(scratch + ((<usize>ordinal >> 5) << 2), ALLOWED);
  return ((word >> (ordinal & 31)) & 1) != 0;
}
