/**
 * Where things lie in the memory of one graph; src/kernels/hnsw/layout.ts is the other half, and says
 * what a record holds. Rows come last, so that a graph grows by growing its memory and nothing ever
 * moves; what comes before them has its full size from the start, and costs nothing until used.
 */
import { assert } from "../../base/index.js";
import type { Quantization } from "../index-spec.js";
import { pageBytes, scratchSlots, segmentPagesMax } from "../row-layout.js";

/** What the layout follows from. */
export interface GraphShape {
  readonly dimension: number;
  /** Links per row and level; twice as many on the lowest. */
  readonly m: number;
  readonly quantization: Quantization;
}

export interface GraphLayout {
  /** Components of a vector, zero-padded to 16. */
  readonly components: number;
  /** Bytes of a code: one per component, or four where nothing is quantised. */
  readonly codeBytes: number;
  /** Bytes from one row's record to the next. */
  readonly stride: number;
  /** Rows that fit 32-bit addresses. */
  readonly rowsMax: number;
  /** Bytes of one bit per row. */
  readonly bitmapBytes: number;
  readonly slotBytes: number;
  readonly upperBase: number;
  /** Bits per component of a sketch; 0 for short vectors, which have none. */
  readonly sketchBits: number;
  /** Bytes from one row's sketch to the next. */
  readonly sketchStride: number;
  readonly sketchBase: number;
  readonly rowsBase: number;
}

/** Byte offsets in page 0. */
export const header = {
  entry: 0,
  upperUsed: 8,
  /** Two random words, by which readers know a memory again. */
  identity: 16,
  /** Held by the writer that may raise the entry point; src/kernels/hnsw/locks.ts. */
  entryLock: 24,
  codeBytes: 32,
  upperEnd: 36,
  m: 40,
  efConstruction: 44,
  productFactor: 48,
  isUnitLength: 52,
  bitmapBytes: 56,
  rowsBase: 60,
  stride: 64,
  sketchBits: 68,
  sketchStride: 72,
  sketchBase: 76,
  components: 80,
  mean: 4096,
} as const;

/** Byte offsets in a scratch slot. */
export const slot = {
  vector: 0,
  query: 0x4000,
  sketchQuery: 0x15000,
  pool: 0x17000,
  visited: 0x38000,
} as const;

/** Candidates that a walk can keep: what fits the pool. */
export const efMax = 16_384;

/** Bytes that a component takes in a code. */
const codeUnit: Readonly<Record<Quantization, number>> = { int8: 1, none: 4 };
/** Scale, bias, upper, flags and count. */
const fieldBytes = 20;
/** Byte offsets from the end of a code. */
export const upperField = 8;
export const flagsField = 12;
export const linksField = 16;
/** A row's record begins at a cache line. */
const lineBytes = 64;
/** Vectors of fewer components have no sketches: their codes are as short. */
const sketchedMin = 96;
const sketchBitsMax = 4;
/** Factor, shift, bias and slack. */
const sketchFieldBytes = 16;
/** Room for upper lists beyond what levels drawn at random take on average. */
const upperMargin = 1.25;

/** The layout of a memory of at most 4 GiB, filled with rows to its last page but one. */
export function graphLayout({ dimension, m, quantization }: GraphShape): GraphLayout {
  assert(slot.pool + (efMax + 2) * 8 <= slot.visited, "the largest pool fits its place");
  const components = roundUp(dimension, 16);
  const codeBytes = components * codeUnit[quantization];
  const stride = roundUp(codeBytes + fieldBytes + 8 * m, lineBytes);
  const upperRoom = upperMargin * upperRowBytes(m);
  const bitmapShare = (2 * scratchSlots) / 8;
  const room = (segmentPagesMax - 4) * pageBytes - scratchSlots * (slot.visited + 2 * pageBytes);
  const { sketchBits, sketchStride } = sketchShape(components);
  const rowsMax = Math.floor(room / (stride + sketchStride + upperRoom + bitmapShare));
  const bitmapBytes = roundUp(rowsMax / 8, 16);
  const slotBytes = roundUp(slot.visited + 2 * bitmapBytes, pageBytes);
  const upperBase = pageBytes + scratchSlots * slotBytes;
  const sketchBase = roundUp(upperBase + rowsMax * upperRoom, pageBytes);
  const rowsBase = roundUp(sketchBase + rowsMax * sketchStride, pageBytes);
  return {
    components,
    codeBytes,
    stride,
    rowsMax,
    bitmapBytes,
    slotBytes,
    upperBase,
    sketchBits,
    sketchStride,
    sketchBase,
    rowsBase,
  };
}

/** As many bits per component as fit the cache lines that one bit per component needs. */
function sketchShape(components: number): Pick<GraphLayout, "sketchBits" | "sketchStride"> {
  if (components < sketchedMin) return { sketchBits: 0, sketchStride: 0 };
  const planeBytes = Math.ceil(components / 128) * 16;
  const sketchStride = roundUp(planeBytes + sketchFieldBytes, lineBytes);
  const fitting = Math.floor((sketchStride - sketchFieldBytes) / planeBytes);
  return { sketchBits: Math.min(fitting, sketchBitsMax), sketchStride };
}

/**
 * Bytes of a row's lists above the lowest level, on average: it reaches level l with probability
 * m^-l, and takes 1 + m words on each.
 */
export function upperRowBytes(m: number): number {
  return (4 * (m + 1)) / (m - 1);
}

/** Pages of a memory that holds `rows` rows. */
export function graphPages({ rowsBase, stride }: GraphLayout, rows: number): number {
  return Math.ceil((rowsBase + rows * stride) / pageBytes) + 1;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
