/**
 * Where things lie in the memory of one index of lists; src/index/ivf/list-layout.ts is the other half.
 *
 *     page 0      header
 *     slots       one scratch region per thread, whose first word is the epoch that its search reads
 *     tables      a few buffers: row count | mean | entries: record of a centroid u32, first chunk u32
 *     centroids   records
 *     chunks      next u32 | count u32 | ... 64 bytes, then records of rows
 *
 * A record is code | scale f32 | bias f32 | ordinal u32, `stride` bytes in all. By `dot_product` the
 * bias of a row is 0; that of a centroid is always its squared length, because rows go to the list
 * whose centroid is nearest by Euclidean distance, whatever the metric.
 */

/** Rises by one when the table changes; never 0. */
export const EPOCH: usize = 0;
/** Address of the table in use. */
export const TABLE: usize = 4;

// @ts-ignore: decorator
@inline
export function codeBytes(): usize {
  return <usize>load<u32>(32);
}

// @ts-ignore: decorator
@inline
export function stride(): usize {
  return <usize>load<u32>(36);
}

/** What scale × scale × inner product of codes counts in a score: 2, or 1 for dot_product. */
// @ts-ignore: decorator
@inline
export function productFactor(): f32 {
  return load<f32>(40);
}

/** Rows are scaled to unit length before they are centred. */
// @ts-ignore: decorator
@inline
export function isUnitLength(): bool {
  return load<u32>(44) != 0;
}

/** Offset in a record, from the end of the code, after scale and bias. */
export const ORDINAL: usize = 8;

/** Offsets in a table. */
export const ENTRY_COUNT: usize = 0;
export const MEAN: usize = 64;

// @ts-ignore: decorator
@inline
export function entriesOf(table: usize): usize {
  return table + MEAN + (codeBytes() << 2);
}

// @ts-ignore: decorator
@inline
export function centroidOf(entries: usize, index: u32): usize {
  return <usize>load<u32>(entries + ((<usize>index) << 3));
}

// @ts-ignore: decorator
@inline
export function firstChunkOf(entries: usize, index: u32): usize {
  return <usize>load<u32>(entries + ((<usize>index) << 3), 4);
}

/** Offsets in a chunk. */
export const NEXT: usize = 0;
export const COUNT: usize = 4;
export const RECORDS: usize = 64;

/** Offsets in a scratch slot: the epoch that is read, 0 for none. */
export const READING: usize = 0;
/** State of a search, kept between its calls. */
export const SEARCHED_TABLE: usize = 4;
export const LISTS_LEFT: usize = 8;
export const POOLED: usize = 12;
export const LISTS_PROBED: usize = 16;
export const ROWS_COMPARED: usize = 20;
/** The chunk to go on with, of the list that is scanned; 0 when none is. */
export const NEXT_CHUNK: usize = 28;
/** Score of what `nearestCentroid` found. */
export const NEAREST_SCORE: usize = 24;
/** The query as float32, and as a record. */
export const VECTOR: usize = 0x1000;
export const QUERY: usize = 0x5000;
/** The nearest rows. */
export const POOL: usize = 0x8000;
/** Lists not probed yet: a heap of keys. */
export const LISTS: usize = 0x29000;
/** One bit per ordinal that the filter admits. */
export const ALLOWED: usize = 0x69000;
