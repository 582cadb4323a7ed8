/**
 * Where things lie in the shared memories that hold the rows of one replica:
 *
 *     page 0        counters (of segment 0 only), by atomics
 *     pages 1-64    64 scratch slots, one per thread:  query | ordinals | distances
 *     pages 65-     rows, `stride` bytes each:         components, 0-padded to 16 | trailer
 *                                                      trailer = inverse norm f32 | flags u32 | 8 spare
 *     last page     never used, so that no address in a kernel wraps around at 4 GiB
 *
 * A segment is one memory; row r is row `r % rowsPerSegment` of segment `r / rowsPerSegment`. The
 * kernels (src/kernels) know the trailer and nothing else of this.
 */
import { assert, limits } from "../base/index.js";

export const pageBytes = 65_536;
/** All that 32-bit addresses reach. */
export const segmentPagesMax = 65_536;

/** Threads that may compute on the same rows; each is given a slot number of its own. */
export const scratchSlots = 64;
/** Rows that one call of a kernel answers at most. */
export const blockRows = 4096;

const queryBytes = limits.dimensionMax * 4;
const blockBytes = blockRows * 4;
const rowsOffset = (1 + scratchSlots) * pageBytes;

assert(queryBytes + 2 * blockBytes <= pageBytes, "query and blocks fit a scratch slot");

/** Words of page 0 of segment 0. */
export const counters = {
  /** Rows that any thread may read. */
  written: 0,
  /** Rows known to be durable. */
  committed: 1,
  /** Readable rows whose dead flag is set. */
  dead: 2,
  /** How often rows were taken back (`truncate`). */
  epoch: 3,
  /** Words in all. */
  words: 4,
} as const;

/** Bit 0 of a row's flags. */
export const deadFlag = 1;

/** Byte offsets of one thread's scratch slot in each segment. */
export interface ScratchSlot {
  /** Its number, 0 to `scratchSlots - 1`. */
  readonly number: number;
  readonly query: number;
  readonly ordinals: number;
  readonly distances: number;
}

export function scratchSlot(slot: number): ScratchSlot {
  assert(Number.isInteger(slot) && slot >= 0 && slot < scratchSlots, "scratch slot in range");
  const query = (1 + slot) * pageBytes;
  const ordinals = query + queryBytes;
  return { number: slot, query, ordinals, distances: ordinals + blockBytes };
}

export interface RowLayout {
  readonly dimension: number;
  /** Bytes of the components with their padding: a multiple of 16, where the trailer begins. */
  readonly vectorBytes: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
  readonly rowsPerSegment: number;
}

/** Bytes that a row of `dimension` components takes in memory. */
export function rowBytes(dimension: number): number {
  return rowLayout(dimension, segmentPagesMax).stride;
}

/** The layout of rows of `dimension` components in segments of at most `segmentPages` pages. */
export function rowLayout(dimension: number, segmentPages: number): RowLayout {
  assert(
    Number.isInteger(dimension) && dimension >= 1 && dimension <= limits.dimensionMax,
    "dimension in range",
  );
  assert(segmentPages <= segmentPagesMax, "a segment fits 32-bit addresses");
  const vectorBytes = Math.ceil(dimension / 4) * 16;
  const stride = vectorBytes + 16;
  const rowsPerSegment = Math.floor(((segmentPages - 1) * pageBytes - rowsOffset) / stride);
  assert(rowsPerSegment >= 1, "a segment holds at least one row");
  return { dimension, vectorBytes, stride, rowsPerSegment };
}

/** Byte offset of a segment's row number `local`. */
export function rowOffset(layout: RowLayout, local: number): number {
  return rowsOffset + local * layout.stride;
}

/** Pages of a segment that holds `rows` rows. */
export function pagesFor(layout: RowLayout, rows: number): number {
  return Math.ceil(rowOffset(layout, rows) / pageBytes) + 1;
}
