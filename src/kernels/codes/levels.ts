/** Components as few-bit levels, and levels as bit planes. */

/** Width of a level in standard deviations: what loses least of a normal distribution. */
// @ts-ignore: decorator
@inline
function levelWidth(bits: u32): f32 {
  if (bits == 1) return 1;
  if (bits == 2) return 0.9957;
  return bits == 3 ? 0.586 : 0.3352;
}

/** Levels from 0 to 2^bits - 1 of `count` components whose standard deviation is `deviation`. */
export function levelsOf(
  vector: usize,
  count: usize,
  bits: u32,
  deviation: f32,
  levels: usize,
): void {
  const factor = f32x4.splat(deviation == 0 ? 0 : 1 / (deviation * levelWidth(bits)));
  const middle = f32x4.splat(<f32>(1 << (bits - 1)));
  const highest = f32x4.splat(<f32>((1 << bits) - 1));
  for (let at: usize = 0; at < count << 2; at += 16) {
    const level = f32x4.floor(f32x4.add(f32x4.mul(v128.load(vector + at), factor), middle));
    const within = f32x4.pmax(f32x4.splat(0), f32x4.pmin(highest, level));
    v128.store(levels + at, i32x4.trunc_sat_f32x4_s(within));
  }
}

/** Writes the bits of the levels: the words of a plane `wordBytes` apart. */
export function writePlanes(
  levels: usize,
  count: usize,
  planes: usize,
  wordBytes: usize,
  planeBytes: usize,
  bits: u32,
): void {
  for (let plane: u32 = 0; plane < bits; plane++) {
    let to = planes + <usize>plane * planeBytes;
    for (let first: usize = 0; first < count; first += 64, to += wordBytes) {
      const stop = min<usize>(count, first + 64);
      let word: u64 = 0;
      for (let at = first; at < stop; at += 4) {
        const four = i32x4.shl(v128.load(levels + (at << 2)), 31 - plane);
        word |= (<u64>i32x4.bitmask(four)) << <u64>(at - first);
      }
      store<u64>(to, word);
    }
  }
}

/** The squared length. */
export function squaresOf(vector: usize, count: usize): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  for (let at = vector; at < vector + (count << 2); at += 32) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    a = f32x4.add(a, f32x4.mul(first, first));
    b = f32x4.add(b, f32x4.mul(second, second));
  }
  return total(f32x4.add(a, b));
}

/**
 * Writes the planes of two-bit levels as `levelsOf` and `writePlanes` would, those of 64 components
 * side by side, in one pass; the inner product of `vector` and its centred levels.
 */
export function writeTwoPlanes(vector: usize, count: usize, deviation: f32, planes: usize): f32 {
  const width = f32x4.splat(deviation * levelWidth(2));
  let nearSum = f32x4.splat(0);
  let farSum = f32x4.splat(0);
  for (let first: usize = 0; first < count; first += 64, planes += 16) {
    const stop = min<usize>(count, first + 64);
    let low: u64 = 0;
    let high: u64 = 0;
    for (let at = first; at < stop; at += 4) {
      const four = v128.load(vector + (at << 2));
      const length = f32x4.abs(four);
      const isFar = f32x4.ge(length, width);
      nearSum = f32x4.add(nearSum, length);
      farSum = f32x4.add(farSum, v128.and(length, isFar));
      // Levels 0 to 3 are far and near below zero, near and far above.
      low |= (<u64>i32x4.bitmask(v128.xor(isFar, four))) << <u64>(at - first);
      high |= (<u64>(i32x4.bitmask(four) ^ 15)) << <u64>(at - first);
    }
    store<u64>(planes, low);
    store<u64>(planes, high, 8);
  }
  return total(nearSum) / 2 + total(farSum);
}

/** How many of the bits at `planes` are set, those of the higher planes twice. */
export function levelSum(planes: usize, count: usize): u32 {
  let sum: u64 = 0;
  for (let first: usize = 0; first < count; first += 64, planes += 16) {
    sum += popcnt<u64>(load<u64>(planes)) + (popcnt<u64>(load<u64>(planes, 8)) << 1);
  }
  return <u32>sum;
}

/** The sum of the lanes. */
// @ts-ignore: decorator
@inline
function total(all: v128): f32 {
  return (
    f32x4.extract_lane(all, 0) +
    f32x4.extract_lane(all, 1) +
    (f32x4.extract_lane(all, 2) + f32x4.extract_lane(all, 3))
  );
}
