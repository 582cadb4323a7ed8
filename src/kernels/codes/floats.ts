/**
 * Vectors as float32 components: scaled to unit length for cosine and centred as codes are
 * (encode.ts), not quantised. Scores come from true differences, so that near duplicates, whose inner
 * products hardly differ, keep their order.
 *
 *     float32 components, zero-padded to 16 | penalty f32 | bias f32
 *
 * The penalty is 1 for a zero vector by cosine and else 0: it is as far from all as unit vectors at
 * right angles are. The bias is what codes have, for sketches: squared length and penalty.
 */
import { BIAS, centre, norm } from "./encode";
import { squaresOf } from "./levels";
import { fields } from "./score-four";

/** Offset from the end of the components. */
const PENALTY: usize = 0;

/** As `encodeVector`, of `count` components. */
export function encodeFloats(
  vector: usize,
  code: usize,
  count: usize,
  mean: usize,
  isUnitLength: bool,
  factor: f32,
): void {
  const length = isUnitLength ? norm(vector, count) : 1;
  centre(vector, mean, length == 0 ? <f32>0 : <f32>(1 / length), count);
  memory.copy(code, vector, count << 2);
  const penalty: f32 = length == 0 ? 1 : 0;
  store<f32>(code + (count << 2), penalty, PENALTY);
  store<f32>(code + (count << 2), factor == 1 ? 0 : squaresOf(vector, count) + penalty, BIAS);
}

/**
 * Scores of four vectors of `bytes` bytes against that at `query`: as `scoreFourCodes`. A function of
 * its own, so that the loops over codes have the registers to themselves.
 */
export function scoreFourFloats(
  query: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  bytes: usize,
  factor: f32,
): v128 {
  if (factor == 1) return f32x4.neg(fourProducts(query, a, b, c, d, bytes));
  const penalties = fields(a, b, c, d, bytes + PENALTY);
  const own = f32x4.splat(load<f32>(query + bytes, PENALTY));
  return f32x4.add(fourSquares(query, a, b, c, d, bytes), f32x4.add(penalties, own));
}

// @ts-ignore: decorator
@inline
function fourProducts(query: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let sumA = f32x4.splat(0);
  let sumB = f32x4.splat(0);
  let sumC = f32x4.splat(0);
  let sumD = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const own = v128.load(query + at);
    sumA = f32x4.add(sumA, f32x4.mul(own, v128.load(a + at)));
    sumB = f32x4.add(sumB, f32x4.mul(own, v128.load(b + at)));
    sumC = f32x4.add(sumC, f32x4.mul(own, v128.load(c + at)));
    sumD = f32x4.add(sumD, f32x4.mul(own, v128.load(d + at)));
  }
  return totals(sumA, sumB, sumC, sumD);
}

// @ts-ignore: decorator
@inline
function fourSquares(query: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let sumA = f32x4.splat(0);
  let sumB = f32x4.splat(0);
  let sumC = f32x4.splat(0);
  let sumD = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const own = v128.load(query + at);
    sumA = addSquares(sumA, f32x4.sub(own, v128.load(a + at)));
    sumB = addSquares(sumB, f32x4.sub(own, v128.load(b + at)));
    sumC = addSquares(sumC, f32x4.sub(own, v128.load(c + at)));
    sumD = addSquares(sumD, f32x4.sub(own, v128.load(d + at)));
  }
  return totals(sumA, sumB, sumC, sumD);
}

// @ts-ignore: decorator
@inline
function addSquares(sum: v128, difference: v128): v128 {
  return f32x4.add(sum, f32x4.mul(difference, difference));
}

/** The sums of the lanes of each. */
// @ts-ignore: decorator
@inline
function totals(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}
