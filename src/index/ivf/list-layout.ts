/**
 * Where things lie in the memory of one index of lists; src/kernels/ivf/layout.ts is the other half,
 * and says what tables, chunks and records hold. Chunks come last, so that the index grows by growing
 * its memory and nothing ever moves; what comes before them has its full size from the start, and is
 * no memory until it is used.
 */
import { assert } from "../../base/index.js";
import { pageBytes, scratchSlots, segmentPagesMax } from "../row-layout.js";

/** Lists of one index at most. */
export const listsMax = 16_384;
/** Centroids that may exist at a time: those in use, and those that take their place. */
export const centroidsMax = 2 * listsMax;
/** Tables that may exist at a time: the one in use, the one to come, and what searches still read. */
export const tableBuffers = 4;
/** Rows that a search can keep: what fits the pool. */
export const wantedMax = 16_384;

export interface ListLayout {
  /** Bytes of a code: one per component, zero-padded to 16. */
  readonly codeBytes: number;
  /** Bytes of a record. */
  readonly stride: number;
  readonly chunkRows: number;
  readonly chunkBytes: number;
  /** Ordinals that a filter's bitmap has room for. */
  readonly rowsMax: number;
  readonly slotBytes: number;
  readonly tablesBase: number;
  readonly tableBytes: number;
  readonly centroidsBase: number;
  readonly chunksBase: number;
}

/** Byte offsets in page 0. */
export const header = {
  epoch: 0,
  table: 4,
  /** Two random words, by which readers know a memory again. */
  identity: 16,
  codeBytes: 32,
  stride: 36,
  productFactor: 40,
  isUnitLength: 44,
} as const;

/** Byte offsets in a scratch slot. */
export const slot = {
  reading: 0,
  pooled: 12,
  listsProbed: 16,
  rowsCompared: 20,
  nearestScore: 24,
  vector: 0x1000,
  record: 0x5000,
  pool: 0x8000,
  lists: 0x29000,
  allowed: 0x69000,
} as const;

/** Byte offsets in a table, and what one entry takes. */
export const table = { count: 0, mean: 64, entryBytes: 8 } as const;

/** Byte offsets in a chunk. */
export const chunk = { next: 0, count: 4, records: 64 } as const;

/** Scale, bias and ordinal. */
const fieldBytes = 12;
/** Byte offset of the ordinal from the end of a code. */
export const ordinalField = 8;
const chunkBytesAimed = 16_384;
const chunkRowsMin = 4;
const chunkRowsMax = 128;

/** The layout of a memory of at most 4 GiB, filled with chunks to its last page but one. */
export function listLayout(dimension: number): ListLayout {
  assert(slot.pool + (wantedMax + 1) * 8 <= slot.lists, "the largest pool fits its place");
  assert(slot.lists + (listsMax + 3) * 8 <= slot.allowed, "all lists fit their place");
  const codeBytes = roundUp(dimension, 16);
  const stride = roundUp(codeBytes + fieldBytes, 16);
  const chunkRows = Math.min(
    chunkRowsMax,
    Math.max(chunkRowsMin, 4 * Math.floor(chunkBytesAimed / stride / 4)),
  );
  const chunkBytes = roundUp(chunk.records + chunkRows * stride, 64);
  const rowsMax = roundUp(Math.floor(2 ** 32 / stride), 32);
  const slotBytes = roundUp(slot.allowed + rowsMax / 8, pageBytes);
  const tablesBase = pageBytes + scratchSlots * slotBytes;
  const tableBytes = roundUp(table.mean + 4 * codeBytes + table.entryBytes * listsMax, 64);
  const centroidsBase = roundUp(tablesBase + tableBuffers * tableBytes, pageBytes);
  const chunksBase = roundUp(centroidsBase + centroidsMax * stride, pageBytes);
  return {
    codeBytes,
    stride,
    chunkRows,
    chunkBytes,
    rowsMax,
    slotBytes,
    tablesBase,
    tableBytes,
    centroidsBase,
    chunksBase,
  };
}

/** Pages of a memory whose chunks end at byte `end`. */
export function pagesUpTo(end: number): number {
  return Math.min(segmentPagesMax, Math.ceil(end / pageBytes) + 1);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
