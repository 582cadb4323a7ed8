/**
 * Where things lie in the memory of one graph; src/index/shared/graph-layout.ts is the other half.
 *
 *     page 0     header, then the mean that rows are centred by
 *     slots      one scratch region per thread
 *     upper      link lists above the lowest level
 *     sketches   one of `sketchStride` bytes per row (sketches.ts), unless vectors are short
 *     rows       one record of `stride` bytes each: code | scale f32 | bias f32 | upper u32 |
 *                flags u32 | count u32 | links u32 ...
 *
 * A code is int8 (../codes/encode.ts) or the float32 components (../codes/floats.ts), whose scale is the
 * penalty.
 *
 * A link list is a count and so many row numbers. `upper` is the address of a row's upper lists, one
 * of `1 + m` words per level from level 1 on, or 0.
 */

/** Highest level << 32 | row number + 1 of the entry point; 0 while there is none. */
export const ENTRY: usize = 0;
/** First free byte of the upper region. */
export const UPPER_USED: usize = 8;
/** The lock of writers that may raise the entry point; see locks.ts. */
export const ENTRY_LOCK: usize = 24;
/** Rows that links may lead to, stored before the first link to the last of them. */
export const ROWS: usize = 12;

// @ts-ignore: decorator
@inline
function word(at: usize): usize {
  return <usize>load<u32>(at);
}

// @ts-ignore: decorator
@inline
export function codeBytes(): usize {
  return word(32);
}

// @ts-ignore: decorator
@inline
export function upperEnd(): usize {
  return word(36);
}

/** Links of a row on one upper level at most; twice as many on the lowest. */
// @ts-ignore: decorator
@inline
export function linksMax(level: u32): u32 {
  const m = load<u32>(40);
  return level == 0 ? m << 1 : m;
}

// @ts-ignore: decorator
@inline
export function efConstruction(): u32 {
  return load<u32>(44);
}

/** What scale × scale × inner product of codes counts in a score: 2, or 1 for dot_product. */
// @ts-ignore: decorator
@inline
export function productFactor(): f32 {
  return load<f32>(48);
}

/** Rows are scaled to unit length before they are centred. */
// @ts-ignore: decorator
@inline
export function isUnitLength(): bool {
  return load<u32>(52) != 0;
}

// @ts-ignore: decorator
@inline
export function bitmapBytes(): usize {
  return word(56);
}

// @ts-ignore: decorator
@inline
export function rowsBase(): usize {
  return word(60);
}

// @ts-ignore: decorator
@inline
export function rowStride(): usize {
  return word(64);
}

/** Bits per component of a sketch; 0 where there are none. */
// @ts-ignore: decorator
@inline
export function sketchBits(): u32 {
  return load<u32>(68);
}

// @ts-ignore: decorator
@inline
export function sketchStride(): usize {
  return word(72);
}

/** Components of a vector, zero-padded to 16. */
// @ts-ignore: decorator
@inline
export function components(): usize {
  return word(80);
}

/** Whether codes are float32 components, and not int8. */
// @ts-ignore: decorator
@inline
export function isFloat(): bool {
  return codeBytes() != components();
}

export const MEAN: usize = 4096;

// @ts-ignore: decorator
@inline
export function sketchAt(id: u32): usize {
  return word(76) + <usize>id * sketchStride();
}

// @ts-ignore: decorator
@inline
export function rowAt(id: u32): usize {
  return rowsBase() + <usize>id * rowStride();
}

/** Offsets from the end of a row's code, after scale and bias. */
export const UPPER: usize = 8;
export const FLAGS: usize = 12;
export const LINKS: usize = 16;

/** Bit 0 of the flags: deleted, or never linked because it was dead before. The upper half is a lock. */
export const DEAD: u32 = 1;

/** Offsets in a scratch slot: the query as float32, and as a row without links. */
export const VECTOR: usize = 0;
export const QUERY: usize = 0x4000;
/** Row numbers to score, and their scores. */
export const BATCH: usize = 0x9000;
export const SCORES: usize = 0xd000;
/** Row numbers that a selection has kept. */
export const KEPT: usize = 0x11000;
/** The pool of a list that is pruned. */
export const SMALL_POOL: usize = 0x13000;
/** What sketches are compared with. */
export const SKETCH_QUERY: usize = 0x15000;
/** How far a walk is that ends later: candidates in its pool, and how many of them are done with. */
export const WALK_COUNT: usize = 0x16ff8;
export const WALK_CURSOR: usize = 0x16ffc;
/** The pool of a walk; while a row's neighbours are linked to it, a copy of its own list. */
export const POOL: usize = 0x17000;
/** Row numbers noted in the pool's place; a list more than this still fits. */
export const NOTES_MAX: u32 = 32_000;
/** Two bitmaps: rows met by the walk, and rows that the filter admits. */
export const VISITED: usize = 0x38000;

// @ts-ignore: decorator
@inline
export function allowed(scratch: usize): usize {
  return scratch + VISITED + bitmapBytes();
}
