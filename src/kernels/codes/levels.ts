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
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < count << 2; at += 16) {
    const four = v128.load(vector + at);
    sum = f32x4.add(sum, f32x4.mul(four, four));
  }
  return (
    f32x4.extract_lane(sum, 0) +
    f32x4.extract_lane(sum, 1) +
    f32x4.extract_lane(sum, 2) +
    f32x4.extract_lane(sum, 3)
  );
}
