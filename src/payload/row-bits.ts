/** Sets of rows of one block: 65,536 ordinals in a row, one bit each, in 32-bit words. */

export const blockRows = 65_536;
export const blockWords = blockRows / 32;

export type RowBits = Uint32Array;

export function noRows(): RowBits {
  return new Uint32Array(blockWords);
}

export function setRow(bits: RowBits, row: number): void {
  const at = row >>> 5;
  bits[at] = (bits[at] as number) | (1 << (row & 31));
}

export function hasRow(bits: RowBits, row: number): boolean {
  return (((bits[row >>> 5] as number) >>> (row & 31)) & 1) === 1;
}

/** Those of `bits` that are not below `row`. */
export function rowsFrom(bits: RowBits, row: number): RowBits {
  if (row === 0) return bits;
  const rest = noRows();
  const word = row >>> 5;
  rest.set(bits.subarray(word), word);
  rest[word] = (rest[word] as number) & (-1 << (row & 31));
  return rest;
}

/** Adds `more` to `bits`. */
export function addRows(bits: RowBits, more: RowBits): void {
  for (let at = 0; at < blockWords; at++) bits[at] = (bits[at] as number) | (more[at] as number);
}

export function inBoth(left: RowBits, right: RowBits): RowBits {
  const both = noRows();
  for (let at = 0; at < blockWords; at++) both[at] = (left[at] as number) & (right[at] as number);
  return both;
}

export function without(left: RowBits, right: RowBits): RowBits {
  const rest = noRows();
  for (let at = 0; at < blockWords; at++) rest[at] = (left[at] as number) & ~(right[at] as number);
  return rest;
}
