/**
 * Sketches: what one to four bits per rotated component tell of a vector, in a cache line or two, from
 * which follows a score that the vector hardly beats (Gao and Long, RaBitQ, 2024 and 2025). Who looks
 * for near vectors reads the codes of those alone whose bound is near.
 *
 *     row     bit planes, lowest first, of `planeBytes` each | factor f32 | shift f32 | bias f32 | slack f32
 *     query   bias f32 | reach f32 | step f32 | base f32 | two words of bit planes per 64 components
 *
 * A row's level u stands for (u - half) × a, a query's level s, of two bits, for (s - 3/2) × b, so that the
 * inner product is estimated as factor × step × sum of (s - 3/2) × (u - half). The factor makes the
 * estimate right on average whatever the levels lose, and so does the step; the slack says how far it
 * strays, and the reach of a query is its length, so that slack × reach is what a bound leaves room for.
 * `shift` and `base` are the parts of the sum that one side knows alone.
 */
import { levelsOf, levelSum, squaresOf, writePlanes, writeTwoPlanes } from "./levels";

/**
 * Standard deviations by which a bound lies below the estimate. More kept rows cost more than the few
 * neighbours found by them are worth: those a walk keeps are few, and most it meets are far.
 */
const CAUTION: f32 = 0.5;
/** Variance that the levels of a query add, in units of that of one component. */
const QUERY_VARIANCE: f32 = 0.133;

/** Offsets from the end of a row's planes. */
const FACTOR: usize = 0;
const SHIFT: usize = 4;
const BIAS: usize = 8;
const SLACK: usize = 12;

/** Offsets in a query. */
const QUERY_BIAS: usize = 0;
const REACH: usize = 4;
const STEP: usize = 8;
const BASE: usize = 12;
const PLANES: usize = 16;

/** Bytes of one bit plane of `count` components: whole blocks of 128, as loops take them. */
// @ts-ignore: decorator
@inline
export function planeBytes(count: usize): usize {
  return ((count + 127) >> 7) << 4;
}

/** Half of the highest level of `bits`: what is taken off to centre levels. */
// @ts-ignore: decorator
@inline
function halfOf(bits: u32): f32 {
  return <f32>((1 << bits) - 1) / 2;
}

/**
 * Sketches the rotated vector at `vector`, `count` float32 values, to `row`, `bits` per component.
 * `levels` is room for as many words. `factor` is what an inner product counts in a score, and
 * `bias` what the row adds to one, as for its code.
 */
export function sketchRow(
  vector: usize,
  count: usize,
  row: usize,
  bits: u32,
  levels: usize,
  factor: f32,
  bias: f32,
): void {
  const half = halfOf(bits);
  const squares = squaresOf(vector, count);
  levelsOf(vector, count, bits, sqrt<f32>(squares / <f32>count), levels);
  let sum: f32 = 0;
  let product: f32 = 0;
  let levelSquares: f32 = 0;
  for (let at: usize = 0; at < count << 2; at += 4) {
    const level = <f32>load<i32>(levels + at) - half;
    sum += level + half;
    product += level * load<f32>(vector + at);
    levelSquares += level * level;
  }
  writePlanes(levels, count, row, 8, planeBytes(count), bits);
  const end = row + <usize>bits * planeBytes(count);
  const cosine = (product / levelSquares) * (product / squares);
  const variance = max<f32>(0, (1 - cosine) / cosine) + QUERY_VARIANCE;
  const stray = sqrt<f32>((variance * squares) / <f32>(count - 1));
  store<f32>(end, squares == 0 ? 0 : (factor * squares) / product, FACTOR);
  store<f32>(end, <f32>1.5 * sum, SHIFT);
  store<f32>(end, bias, BIAS);
  store<f32>(end, squares == 0 ? 0 : factor * stray, SLACK);
}

/** Prepares the rotated vector at `vector` as the query at `query` for rows of `bits`. */
export function sketchQuery(
  vector: usize,
  count: usize,
  query: usize,
  bits: u32,
  bias: f32,
): void {
  const squares = squaresOf(vector, count);
  const deviation = sqrt<f32>(squares / <f32>count);
  const product = writeTwoPlanes(vector, count, deviation, query + PLANES);
  const sum = <f32>levelSum(query + PLANES, count) - <f32>1.5 * <f32>count;
  store<f32>(query, bias, QUERY_BIAS);
  store<f32>(query, CAUTION * sqrt<f32>(squares), REACH);
  store<f32>(query, squares == 0 ? 0 : squares / product, STEP);
  store<f32>(query, halfOf(bits) * sum, BASE);
}

/** The sum of a query's levels where the bits of 128 components of one plane of a row are set. */
// @ts-ignore: decorator
@inline
function common(row: usize, query: usize): i32 {
  const first = load<u64>(row);
  const second = load<u64>(row, 8);
  const low = popcnt<u64>(first & load<u64>(query)) + popcnt<u64>(second & load<u64>(query, 16));
  const high = popcnt<u64>(first & load<u64>(query, 8)) + popcnt<u64>(second & load<u64>(query, 24));
  return <i32>(low + (high << 1));
}

/** The sums of query levels × row levels, of four rows. */
// @ts-ignore: decorator
@inline
function levelProducts(
  query: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  bytes: usize,
  bits: u32,
): v128 {
  let sumA: i32 = 0;
  let sumB: i32 = 0;
  let sumC: i32 = 0;
  let sumD: i32 = 0;
  // From the highest plane on, each of which counts twice the next.
  for (let plane = <usize>bits * bytes; plane > 0; ) {
    plane -= bytes;
    sumA <<= 1;
    sumB <<= 1;
    sumC <<= 1;
    sumD <<= 1;
    for (let at: usize = 0; at < bytes; at += 16) {
      const own = query + (at << 1);
      sumA += common(a + plane + at, own);
      sumB += common(b + plane + at, own);
      sumC += common(c + plane + at, own);
      sumD += common(d + plane + at, own);
    }
  }
  const ab = i32x4.replace_lane(i32x4.splat(sumA), 1, sumB);
  return i32x4.replace_lane(i32x4.replace_lane(ab, 2, sumC), 3, sumD);
}

/** Scores that the sketched rows at `a` to `d` hardly beat against `query`. */
// @ts-ignore: decorator
@inline
export function boundsOfFour(
  query: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  bytes: usize,
  bits: u32,
): v128 {
  const sums = levelProducts(query + PLANES, a, b, c, d, bytes, bits);
  const end = <usize>bits * bytes;
  const fieldsA = v128.load(a + end);
  const fieldsB = v128.load(b + end);
  const fieldsC = v128.load(c + end);
  const fieldsD = v128.load(d + end);
  const lowAb = v128.shuffle<i32>(fieldsA, fieldsB, 0, 4, 1, 5);
  const lowCd = v128.shuffle<i32>(fieldsC, fieldsD, 0, 4, 1, 5);
  const highAb = v128.shuffle<i32>(fieldsA, fieldsB, 2, 6, 3, 7);
  const highCd = v128.shuffle<i32>(fieldsC, fieldsD, 2, 6, 3, 7);
  const factors = v128.shuffle<i32>(lowAb, lowCd, 0, 1, 4, 5);
  const shifts = v128.shuffle<i32>(lowAb, lowCd, 2, 3, 6, 7);
  const biases = v128.shuffle<i32>(highAb, highCd, 0, 1, 4, 5);
  const slacks = v128.shuffle<i32>(highAb, highCd, 2, 3, 6, 7);
  const centred = f32x4.sub(
    f32x4.sub(f32x4.convert_i32x4_s(sums), shifts),
    f32x4.splat(load<f32>(query, BASE)),
  );
  const products = f32x4.mul(f32x4.mul(centred, f32x4.splat(load<f32>(query, STEP))), factors);
  const slack = f32x4.mul(slacks, f32x4.splat(load<f32>(query, REACH)));
  const bias = f32x4.add(biases, f32x4.splat(load<f32>(query, QUERY_BIAS)));
  return f32x4.sub(f32x4.sub(bias, products), slack);
}
