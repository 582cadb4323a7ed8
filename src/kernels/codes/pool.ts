/**
 * The candidates of a search, nearest first: a sorted array of 64-bit keys, so that one comparison
 * orders by score and then by row number. A key is the score's bits, made to rise with the score,
 * then 31 bits of row number, then one bit that says whether the row's links were followed.
 */

// @ts-ignore: decorator
@inline
export function keyOf(score: f32, id: u32): u64 {
  let bits = reinterpret<u32>(score);
  bits ^= <u32>(<i32>bits >> 31) | 0x80000000;
  return ((<u64>bits) << 32) | ((<u64>id) << 1);
}

// @ts-ignore: decorator
@inline
export function idOf(key: u64): u32 {
  return (<u32>key) >> 1;
}

// @ts-ignore: decorator
@inline
export function scoreOf(key: u64): f32 {
  let bits = <u32>(key >> 32);
  bits ^= <u32>~(<i32>bits >> 31) | 0x80000000;
  return reinterpret<f32>(bits);
}

// @ts-ignore: decorator
@inline
export function keyAt(pool: usize, index: u32): u64 {
  return load<u64>(pool + ((<usize>index) << 3));
}

/** Puts a key in its place among the first `count`, moving the later ones up; its index. */
// @ts-ignore: decorator
@inline
export function insertKey(pool: usize, count: u32, key: u64): u32 {
  let low: u32 = 0;
  // Without branches on what the keys are: they cannot be foretold.
  for (let left = count; left > 0; ) {
    const half = (left + 1) >> 1;
    low += select<u32>(half, 0, keyAt(pool, low + half - 1) < key);
    left -= half;
  }
  const place = pool + ((<usize>low) << 3);
  let at = pool + ((<usize>count) << 3);
  while (at >= place + 16) {
    at -= 16;
    v128.store(at, v128.load(at), 8);
  }
  if (at > place) store<u64>(place, load<u64>(place), 8);
  store<u64>(place, key);
  return low;
}

/** Takes the key of row `id` out of the first `count`, if it is there; how many are left. */
export function removeId(pool: usize, count: u32, id: u32): u32 {
  for (let at: u32 = 0; at < count; at++) {
    if (idOf(keyAt(pool, at)) != id) continue;
    const place = pool + ((<usize>at) << 3);
    memory.copy(place, place + 8, (<usize>(count - at - 1)) << 3);
    return count - 1;
  }
  return count;
}
