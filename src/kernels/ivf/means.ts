/**
 * The inner loops of k-means over records that lie one after the other, in whatever memory: rows are
 * assigned to the nearest centroid by Euclidean distance, and added up.
 */
import { BIAS, SCALE } from "../codes/encode";
import { idOf, keyOf, scoreOf } from "../codes/pool";
import { sumOfProducts } from "../codes/products";
import { scoreFourCodes } from "../codes/score-four";

/** Gives rows the bias that Euclidean distances need; for dot_product they have none. */
export function measureRows(rows: usize, count: u32, stride: usize, bytes: usize): void {
  for (let at: u32 = 0; at < count; at++, rows += stride) {
    const scale = load<f32>(rows + bytes, SCALE);
    store<f32>(rows + bytes, scale * scale * <f32>sumOfProducts(rows, rows, bytes), BIAS);
  }
}

/**
 * The number of the nearest of `centroidCount` centroids for each of `count` rows to `numbers`, its
 * score to `scores`.
 */
export function assignRows(
  rows: usize,
  count: u32,
  centroids: usize,
  centroidCount: u32,
  stride: usize,
  bytes: usize,
  numbers: usize,
  scores: usize,
): void {
  for (let at: u32 = 0; at < count; at++, rows += stride) {
    const best = nearestOf(rows, centroids, centroidCount, stride, bytes);
    store<u32>(numbers + ((<usize>at) << 2), idOf(best));
    store<f32>(scores + ((<usize>at) << 2), scoreOf(best));
  }
}

function nearestOf(
  row: usize,
  centroids: usize,
  count: u32,
  stride: usize,
  bytes: usize,
): u64 {
  let best: u64 = u64.MAX_VALUE;
  for (let at: u32 = 0; at < count; at += 4) {
    const first = centroids + <usize>at * stride;
    const last = centroids + <usize>(count - 1) * stride;
    const b = min<usize>(first + stride, last);
    const c = min<usize>(b + stride, last);
    const d = min<usize>(c + stride, last);
    const scores = scoreFourCodes(row, first, b, c, d, bytes, 2);
    best = min<u64>(best, keyOf(f32x4.extract_lane(scores, 0), at));
    best = min<u64>(best, keyOf(f32x4.extract_lane(scores, 1), min<u32>(at + 1, count - 1)));
    best = min<u64>(best, keyOf(f32x4.extract_lane(scores, 2), min<u32>(at + 2, count - 1)));
    best = min<u64>(best, keyOf(f32x4.extract_lane(scores, 3), min<u32>(at + 3, count - 1)));
  }
  return best;
}

/** Lowers each row's score at `scores` to its score by one more centroid, where that is less. */
export function lowerScores(
  rows: usize,
  count: u32,
  centroid: usize,
  stride: usize,
  bytes: usize,
  scores: usize,
): void {
  for (let at: u32 = 0; at < count; at += 4) {
    const first = rows + <usize>at * stride;
    const last = rows + <usize>(count - 1) * stride;
    const b = min<usize>(first + stride, last);
    const c = min<usize>(b + stride, last);
    const d = min<usize>(c + stride, last);
    const found = scoreFourCodes(centroid, first, b, c, d, bytes, 2);
    const to = scores + ((<usize>at) << 2);
    v128.store(to, f32x4.pmin(v128.load(to), found));
  }
}

/** Adds each row, as what its code stands for, to the float32 sums of its number. */
export function accumulate(
  rows: usize,
  count: u32,
  stride: usize,
  bytes: usize,
  numbers: usize,
  sums: usize,
): void {
  for (let at: u32 = 0; at < count; at++, rows += stride) {
    const to = sums + <usize>load<u32>(numbers + ((<usize>at) << 2)) * (bytes << 2);
    const scale = f32x4.splat(load<f32>(rows + bytes, SCALE));
    for (let part: usize = 0; part < bytes; part += 8) {
      const wide = v128.load8x8_s(rows + part);
      const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(wide));
      const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(wide));
      const at0 = to + (part << 2);
      v128.store(at0, f32x4.add(v128.load(at0), f32x4.mul(low, scale)));
      v128.store(at0, f32x4.add(v128.load(at0, 16), f32x4.mul(high, scale)), 16);
    }
  }
}
