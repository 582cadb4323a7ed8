/**
 * Scattered rows wait for memory one after the other unless all their cache lines are asked for before
 * the first is needed. WebAssembly has no prefetch, so a word of each line is read; the caller stores
 * the sum, for no compiler to drop the reads. Few instructions per line matter: only so many fit
 * between the oldest read that is waited for and the newest that may begin.
 */

/** Reads a word of every cache line of the bytes from `row` to `row + bytes`, both included. */
// @ts-ignore: decorator
@inline
export function touchLines(row: usize, bytes: usize): u32 {
  const last = row + bytes;
  let sum: u32 = 0;
  for (; row + 192 <= last; row += 256) {
    sum += load<u32>(row) + load<u32>(row, 64) + load<u32>(row, 128) + load<u32>(row, 192);
  }
  for (; row <= last; row += 64) sum += load<u32>(row);
  return sum;
}
