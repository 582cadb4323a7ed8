/**
 * Sketches of the graph's rows, apart from their records so that many fit the caches: a walk leaves out
 * rows by them, and reads the records only of those that may be among the nearest.
 */
import { BIAS } from "../codes/encode";
import { boundsOfFour, planeBytes, sketchQuery, sketchRow } from "../codes/sketch";
import { rotate } from "../codes/rotation";
import {
  BATCH,
  codeBytes,
  components,
  productFactor,
  rowAt,
  SCORES,
  SKETCH_QUERY,
  sketchAt,
  sketchBits,
  sketchStride,
  VECTOR,
} from "./layout";

/** Prepares the vector in the scratch slot, encoded as the row-like `code`, to meet sketches. */
export function prepareSketch(scratch: usize, code: usize): void {
  if (sketchBits() == 0) return;
  const vector = scratch + VECTOR;
  const count = components();
  const bias = load<f32>(code + codeBytes(), BIAS);
  rotate(vector, count);
  sketchQuery(vector, count, scratch + SKETCH_QUERY, sketchBits(), bias);
}

/** Writes the sketch of row `id`, which was prepared as above. */
export function storeSketch(scratch: usize, id: u32): void {
  const bits = sketchBits();
  if (bits == 0) return;
  const count = components();
  const bias = load<f32>(rowAt(id) + codeBytes(), BIAS);
  const vector = scratch + VECTOR;
  sketchRow(vector, count, sketchAt(id), bits, scratch + BATCH, productFactor(), bias);
}

/**
 * Keeps of the `count` rows in the batch those whose score may be at most `limit`; how many. Writes up
 * to three more.
 */
export function keepNear(scratch: usize, count: u32, limit: f32): u32 {
  if (count == 0) return 0;
  const batch = scratch + BATCH;
  const last = load<u32>(batch + ((<usize>count - 1) << 2));
  v128.store(batch + ((<usize>count) << 2), i32x4.splat(last));
  touchSketches(batch, count, scratch + SCORES);
  const query = scratch + SKETCH_QUERY;
  const bytes = planeBytes(components());
  const bits = sketchBits();
  const base = sketchAt(0);
  const stride = sketchStride();
  let kept: u32 = 0;
  for (let at: u32 = 0; at < count; at += 4) {
    const ids = v128.load(batch + ((<usize>at) << 2));
    const a = base + <usize>i32x4.extract_lane(ids, 0) * stride;
    const b = base + <usize>i32x4.extract_lane(ids, 1) * stride;
    const c = base + <usize>i32x4.extract_lane(ids, 2) * stride;
    const d = base + <usize>i32x4.extract_lane(ids, 3) * stride;
    const bounds = boundsOfFour(query, a, b, c, d, bytes, bits);
    let far = i32x4.bitmask(f32x4.gt(bounds, f32x4.splat(limit)));
    if (count - at < 4) far |= -1 << (count - at);
    kept = keep(batch, kept, i32x4.extract_lane(ids, 0), far & 1);
    kept = keep(batch, kept, i32x4.extract_lane(ids, 1), (far >> 1) & 1);
    kept = keep(batch, kept, i32x4.extract_lane(ids, 2), (far >> 2) & 1);
    kept = keep(batch, kept, i32x4.extract_lane(ids, 3), (far >> 3) & 1);
  }
  return kept;
}

// @ts-ignore: decorator
@inline
function keep(batch: usize, kept: u32, id: u32, isFar: u32): u32 {
  store<u32>(batch + ((<usize>kept) << 2), id);
  return kept + 1 - isFar;
}

/**
 * Asks for all cache lines before the first is needed; see ../touch.ts. The fewer instructions a row takes
 * here, the more rows memory is asked for at once.
 */
// @ts-ignore: decorator
@inline
function touchSketches(batch: usize, count: u32, out: usize): void {
  const base = sketchAt(0);
  const stride = sketchStride();
  const end = batch + ((<usize>count) << 2);
  let sum: u32 = 0;
  for (let line = base; line < base + stride; line += 64) {
    for (let at = batch; at < end; at += 4) sum += load<u32>(line + <usize>load<u32>(at) * stride);
  }
  store<u32>(out, sum);
}
