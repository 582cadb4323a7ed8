/** A binary min-heap of 64-bit keys: the lists that a search has not probed yet, nearest first. */
import { keyAt } from "../codes/pool";

/** Makes a heap of the `count` keys at `heap`. */
export function heapify(heap: usize, count: u32): void {
  for (let at = <i32>(count >> 1) - 1; at >= 0; at--) sink(heap, count, <u32>at, keyAt(heap, <u32>at));
}

/** Takes the least of `count` keys, of which one less stay. */
// @ts-ignore: decorator
@inline
export function popKey(heap: usize, count: u32): u64 {
  const least = keyAt(heap, 0);
  if (count > 1) sink(heap, count - 1, 0, keyAt(heap, count - 1));
  return least;
}

function sink(heap: usize, count: u32, from: u32, key: u64): void {
  let hole = from;
  for (;;) {
    let child = (hole << 1) + 1;
    if (child >= count) break;
    if (child + 1 < count && keyAt(heap, child + 1) < keyAt(heap, child)) child++;
    const least = keyAt(heap, child);
    if (key <= least) break;
    store<u64>(heap + ((<usize>hole) << 3), least);
    hole = child;
  }
  store<u64>(heap + ((<usize>hole) << 3), key);
}
