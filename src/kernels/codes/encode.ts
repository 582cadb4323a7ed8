/**
 * Vectors as int8 codes: scaled to unit length for cosine, centred by the index's mean, then each
 * component as a multiple of the vector's own scale. The bias is the squared length of what the code
 * stands for, so that bias + bias - 2 × scale × scale × product is a squared distance.
 *
 *     code, one byte per component, zero-padded to 16 | scale f32 | bias f32
 */
import { sumOfProducts } from "./products";

/** Offsets from the end of a code. */
export const SCALE: usize = 0;
export const BIAS: usize = 4;

/**
 * Turns the vector at `vector` (float32, zero-padded to `bytes` components; changed in place) into a
 * code with scale and bias. `factor` is what scale × scale × product counts in a score: 2, or 1 for
 * dot_product.
 */
export function encodeVector(
  vector: usize,
  code: usize,
  bytes: usize,
  mean: usize,
  isUnitLength: bool,
  factor: f32,
): void {
  const length = isUnitLength ? norm(vector, bytes) : 1;
  const inverse = length == 0 ? <f32>0 : <f32>(1 / length);
  const largest = centre(vector, mean, inverse, bytes);
  quantise(vector, code, largest == 0 ? <f32>0 : <f32>127 / largest, bytes);
  const scale = largest / <f32>127;
  store<f32>(code + bytes, scale, SCALE);
  store<f32>(code + bytes, biasOf(code, scale, bytes, length == 0, factor), BIAS);
}

/** 0 by inner product; a zero vector is as far from all as unit vectors at right angles are. */
// @ts-ignore: decorator
@inline
function biasOf(code: usize, scale: f32, bytes: usize, isZero: bool, factor: f32): f32 {
  if (factor == 1) return 0;
  const squares = scale * scale * <f32>sumOfProducts(code, code, bytes);
  return isZero ? squares + 1 : squares;
}

/** The length of a vector of `bytes` components. */
export function norm(vector: usize, bytes: usize): f64 {
  let sum = f64x2.splat(0);
  for (let at: usize = 0; at < bytes << 2; at += 8) {
    const pair = f64x2.promote_low_f32x4(v128.load64_zero(vector + at));
    sum = f64x2.add(sum, f64x2.mul(pair, pair));
  }
  return sqrt<f64>(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
}

/** Scales and centres in place; the largest magnitude that results. */
export function centre(vector: usize, mean: usize, inverse: f32, bytes: usize): f32 {
  const factor = f32x4.splat(inverse);
  let largest = f32x4.splat(0);
  for (let at: usize = 0; at < bytes << 2; at += 16) {
    const scaled = f32x4.mul(v128.load(vector + at), factor);
    const centred = f32x4.sub(scaled, v128.load(mean + at));
    v128.store(vector + at, centred);
    largest = f32x4.pmax(largest, f32x4.abs(centred));
  }
  return max<f32>(
    max<f32>(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max<f32>(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
}

// @ts-ignore: decorator
@inline
function rounded(at: usize, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at), factor)));
}

function quantise(vector: usize, code: usize, factor: f32, bytes: usize): void {
  const factors = f32x4.splat(factor);
  for (let at: usize = 0; at < bytes; at += 16) {
    const from = vector + (at << 2);
    const low = i16x8.narrow_i32x4_s(rounded(from, factors), rounded(from + 16, factors));
    const high = i16x8.narrow_i32x4_s(rounded(from + 32, factors), rounded(from + 48, factors));
    v128.store(code + at, i8x16.narrow_i16x8_s(low, high));
  }
}
