/**
 * A fixed rotation that spreads whatever a vector holds evenly over its components, so that a few bits
 * of each say equally much: signs flipped at random, then a Hadamard transform over as many components
 * as a power of two covers, from the front and from the back in turns (Ailon and Chazelle, 2006; Yang
 * et al., RaBitQ library, 2024). It takes no sample of the data and is the same in every index.
 */

const ROUNDS: u32 = 3;

/** Rotates the `count` float32 values at `vector` in place; `count` is a multiple of 16. */
export function rotate(vector: usize, count: usize): void {
  const block = (<usize>1) << <usize>(31 - clz<u32>(<u32>count));
  for (let round: u32 = 0; round < ROUNDS; round++) {
    flipSigns(vector, count, round);
    transform(round & 1 ? vector + ((count - block) << 2) : vector, block);
  }
}

/** Flips signs by a hash of (component, round). */
function flipSigns(vector: usize, count: usize, round: u32): void {
  const sign = i32x4.splat(0x80000000);
  let number = i32x4.add(i32x4.splat(round * 4096), i32x4(1, 2, 3, 4));
  for (let at: usize = 0; at < count << 2; at += 16) {
    let hash = i32x4.mul(number, i32x4.splat(0x7feb352d));
    hash = i32x4.mul(v128.xor(hash, i32x4.shr_u(hash, 15)), i32x4.splat(<i32>0x846ca68b));
    v128.store(vector + at, v128.xor(v128.load(vector + at), v128.and(hash, sign)));
    number = i32x4.add(number, i32x4.splat(4));
  }
}

/** Hadamard transform of `count` values, a power of two from 16 on; keeps lengths. */
function transform(vector: usize, count: usize): void {
  const factor = f32x4.splat(1 / sqrt<f32>(<f32>count));
  const bytes = count << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(vector + at, f32x4.mul(withinFour(v128.load(vector + at)), factor));
  }
  let half: usize = 16;
  for (; half << 1 < bytes; half <<= 2) {
    for (let start: usize = 0; start < bytes; start += half << 2) {
      for (let at = start; at < start + half; at += 16) combineFour(vector + at, half);
    }
  }
  if (half == bytes) return;
  for (let at: usize = 0; at < half; at += 16) combineTwo(vector + at, half);
}

// @ts-ignore: decorator
@inline
function combineTwo(at: usize, half: usize): void {
  const left = v128.load(at);
  const right = v128.load(at + half);
  v128.store(at, f32x4.add(left, right));
  v128.store(at + half, f32x4.sub(left, right));
}

/** Two steps at once. */
// @ts-ignore: decorator
@inline
function combineFour(at: usize, half: usize): void {
  const a = v128.load(at);
  const b = v128.load(at + half);
  const c = v128.load(at + 2 * half);
  const d = v128.load(at + 3 * half);
  const sumAb = f32x4.add(a, b);
  const gapAb = f32x4.sub(a, b);
  const sumCd = f32x4.add(c, d);
  const gapCd = f32x4.sub(c, d);
  v128.store(at, f32x4.add(sumAb, sumCd));
  v128.store(at + half, f32x4.add(gapAb, gapCd));
  v128.store(at + 2 * half, f32x4.sub(sumAb, sumCd));
  v128.store(at + 3 * half, f32x4.sub(gapAb, gapCd));
}

/** The transform of four values. */
// @ts-ignore: decorator
@inline
function withinFour(all: v128): v128 {
  const odd = f32x4.mul(v128.shuffle<f32>(all, all, 1, 1, 3, 3), f32x4(1, -1, 1, -1));
  const pairs = f32x4.add(v128.shuffle<f32>(all, all, 0, 0, 2, 2), odd);
  const late = f32x4.mul(v128.shuffle<f32>(pairs, pairs, 2, 3, 2, 3), f32x4(1, 1, -1, -1));
  return f32x4.add(v128.shuffle<f32>(pairs, pairs, 0, 1, 0, 1), late);
}
