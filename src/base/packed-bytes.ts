/**
 * Many byte strings in one piece of memory: 10,000 metadata objects cross a thread as two arrays, not
 * as 10,000. Item i is `data[ends[i-1] .. ends[i])`.
 */
import { assert } from "./assert.js";

export interface PackedBytes {
  readonly data: Uint8Array;
  readonly ends: Uint32Array;
}

export function packBytes(items: readonly Uint8Array[]): PackedBytes {
  const ends = new Uint32Array(items.length);
  let length = 0;
  items.forEach((item, index) => (ends[index] = length += item.length));
  const data = new Uint8Array(length);
  items.forEach((item, index) => data.set(item, index === 0 ? 0 : ends[index - 1]));
  return { data, ends };
}

/** A view of item `index`, which must exist. */
export function packedItem(packed: PackedBytes, index: number): Uint8Array {
  assert(index < packed.ends.length, "packed item in range");
  const start = index === 0 ? 0 : (packed.ends[index - 1] as number);
  return packed.data.subarray(start, packed.ends[index]);
}
