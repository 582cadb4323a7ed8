/**
 * Inner products of int8 codes, `bytes` long, a multiple of 16: eight components at a time are widened
 * to 16 bits and multiplied and added in pairs. Four rows at once share the widened query.
 */

// @ts-ignore: decorator
@inline
function step(sum: v128, query: v128, row: usize): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(query, v128.load8x8_s(row)));
}

/** The sums of the lanes of each. */
// @ts-ignore: decorator
@inline
function totals(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

/** Inner products of `query` with four rows, as i32x4. */
// @ts-ignore: decorator
@inline
export function fourProducts(
  query: usize,
  first: usize,
  second: usize,
  third: usize,
  fourth: usize,
  bytes: usize,
): v128 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const low = v128.load8x8_s(query + at);
    a = step(a, low, first + at);
    b = step(b, low, second + at);
    c = step(c, low, third + at);
    d = step(d, low, fourth + at);
    const high = v128.load8x8_s(query + at, 8);
    a = step(a, high, first + at + 8);
    b = step(b, high, second + at + 8);
    c = step(c, high, third + at + 8);
    d = step(d, high, fourth + at + 8);
  }
  return totals(a, b, c, d);
}

/** Inner product of two codes. */
export function sumOfProducts(left: usize, right: usize, bytes: usize): i32 {
  let sum = i32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 8) {
    sum = step(sum, v128.load8x8_s(left + at), right + at);
  }
  return (
    i32x4.extract_lane(sum, 0) +
    i32x4.extract_lane(sum, 1) +
    i32x4.extract_lane(sum, 2) +
    i32x4.extract_lane(sum, 3)
  );
}
