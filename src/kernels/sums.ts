/**
 * The inner loops, in two widths. The float32 sums run 16 components a turn in four independent
 * accumulators; the float64 sums are for the few rows whose float32 sum overflows or vanishes.
 */

// @ts-ignore: decorator
@inline
function total(a: v128, b: v128, c: v128, d: v128): f32 {
  const all = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  return (
    f32x4.extract_lane(all, 0) +
    f32x4.extract_lane(all, 1) +
    (f32x4.extract_lane(all, 2) + f32x4.extract_lane(all, 3))
  );
}

// @ts-ignore: decorator
@inline
function squareStep(sum: v128, left: usize, right: usize): v128 {
  const difference = f32x4.sub(v128.load(left), v128.load(right));
  return f32x4.add(sum, f32x4.mul(difference, difference));
}

// @ts-ignore: decorator
@inline
function productStep(sum: v128, left: usize, right: usize): v128 {
  return f32x4.add(sum, f32x4.mul(v128.load(left), v128.load(right)));
}

/** Sum of squared differences. */
export function squaredDistance(left: usize, right: usize, bytes: usize): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  const whole = bytes & ~63;
  let at: usize = 0;
  for (; at < whole; at += 64) {
    a = squareStep(a, left + at, right + at);
    b = squareStep(b, left + at + 16, right + at + 16);
    c = squareStep(c, left + at + 32, right + at + 32);
    d = squareStep(d, left + at + 48, right + at + 48);
  }
  for (; at < bytes; at += 16) a = squareStep(a, left + at, right + at);
  return total(a, b, c, d);
}

/** Inner product. */
export function innerProduct(left: usize, right: usize, bytes: usize): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  const whole = bytes & ~63;
  let at: usize = 0;
  for (; at < whole; at += 64) {
    a = productStep(a, left + at, right + at);
    b = productStep(b, left + at + 16, right + at + 16);
    c = productStep(c, left + at + 32, right + at + 32);
    d = productStep(d, left + at + 48, right + at + 48);
  }
  for (; at < bytes; at += 16) a = productStep(a, left + at, right + at);
  return total(a, b, c, d);
}

// @ts-ignore: decorator
@inline
function wideTotal(a: v128, b: v128): f64 {
  const all = f64x2.add(a, b);
  return f64x2.extract_lane(all, 0) + f64x2.extract_lane(all, 1);
}

// @ts-ignore: decorator
@inline
function low(address: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(address));
}

/** Sum of squared differences in float64. */
export function wideSquaredDistance(left: usize, right: usize, bytes: usize): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const first = f64x2.sub(low(left + at), low(right + at));
    const second = f64x2.sub(low(left + at + 8), low(right + at + 8));
    a = f64x2.add(a, f64x2.mul(first, first));
    b = f64x2.add(b, f64x2.mul(second, second));
  }
  return wideTotal(a, b);
}

/** Multiplies each component, in float64. */
export function scaleBy(vector: usize, bytes: usize, factor: f64): void {
  const factors = f64x2.splat(factor);
  for (let at = vector; at < vector + bytes; at += 8) {
    const scaled = f32x4.demote_f64x2_zero(f64x2.mul(low(at), factors));
    v128.store64_lane(at, scaled, 0);
  }
}

/** Inner product in float64. */
export function wideInnerProduct(left: usize, right: usize, bytes: usize): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    a = f64x2.add(a, f64x2.mul(low(left + at), low(right + at)));
    b = f64x2.add(b, f64x2.mul(low(left + at + 8), low(right + at + 8)));
  }
  return wideTotal(a, b);
}
