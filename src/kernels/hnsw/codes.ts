/**
 * Vectors as int8 codes: scaled to unit length for cosine, centred by the index's mean, then each
 * component as a multiple of the vector's own scale. The bias is the squared length of what the code
 * stands for, so that bias + bias - 2 × scale × scale × product is a squared distance.
 */
import { sumOfProducts } from "./products";
import {
  BIAS,
  codeBytes,
  DEAD,
  FLAGS,
  isUnitLength,
  MEAN,
  productFactor,
  SCALE,
  UPPER,
} from "./layout";

/** Turns the vector at `vector` (float32, zero-padded to 16) into a code with scale and bias. */
export function encode(vector: usize, row: usize): void {
  const bytes = codeBytes();
  const length = isUnitLength() ? norm(vector, bytes) : 1;
  const inverse = length == 0 ? <f32>0 : <f32>(1 / length);
  const largest = centre(vector, inverse, bytes);
  quantise(vector, row, largest == 0 ? <f32>0 : <f32>127 / largest, bytes);
  const scale = largest / <f32>127;
  store<f32>(row + bytes, scale, SCALE);
  store<f32>(row + bytes, biasOf(row, scale, bytes, length == 0), BIAS);
}

/** 0 by inner product; a zero vector is as far from all as unit vectors at right angles are. */
// @ts-ignore: decorator
@inline
function biasOf(row: usize, scale: f32, bytes: usize, isZero: bool): f32 {
  if (productFactor() == 1) return 0;
  const squares = scale * scale * <f32>sumOfProducts(row, row, bytes);
  return isZero ? squares + 1 : squares;
}

function norm(vector: usize, bytes: usize): f64 {
  let sum = f64x2.splat(0);
  for (let at: usize = 0; at < bytes << 2; at += 8) {
    const pair = f64x2.promote_low_f32x4(v128.load64_zero(vector + at));
    sum = f64x2.add(sum, f64x2.mul(pair, pair));
  }
  return sqrt<f64>(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
}

/** Scales and centres in place; the largest magnitude that results. */
function centre(vector: usize, inverse: f32, bytes: usize): f32 {
  const factor = f32x4.splat(inverse);
  let largest = f32x4.splat(0);
  for (let at: usize = 0; at < bytes << 2; at += 16) {
    const scaled = f32x4.mul(v128.load(vector + at), factor);
    const centred = f32x4.sub(scaled, v128.load(MEAN + at));
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

// @ts-ignore: decorator
@inline
export function upperOf(row: usize): usize {
  return <usize>load<u32>(row + codeBytes(), UPPER);
}

// @ts-ignore: decorator
@inline
export function isDead(row: usize): bool {
  return (load<u32>(row + codeBytes(), FLAGS) & DEAD) != 0;
}
