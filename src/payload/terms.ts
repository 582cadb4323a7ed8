/**
 * The order of the terms of a column, which writer and reader share: five fixed ones, then numbers,
 * rising, then strings by their UTF-16 code units. A term's place in it is its rank.
 */

/** Ranks of the fixed terms. */
export const fixedRanks = { null: 0, false: 1, true: 2, long: 3, leads: 4 } as const;
export const fixedCount = 5;

/** Longer strings are not told apart: all of them are the one term `long`. */
export const termCharsMax = 256;

/** A term with more rows in a block has a bit set of its own instead of a list. */
export const listedRowsMax = 4096;
