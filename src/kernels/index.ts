/**
 * Kernels over the rows of one shared memory (see src/index/row-layout.ts), compiled to WebAssembly
 * SIMD by AssemblyScript. They keep no state: no globals, no stack, no data segments, so that any
 * number of threads may run them over the same memory. Addresses are byte offsets; outputs go to the
 * caller's own scratch slot. Rows end below 4 GiB - 64 KiB, so that no address wraps around.
 */
import { distance } from "./distances";
import { setTrailer } from "./row";
import { innerProduct, scaleBy, wideInnerProduct } from "./sums";
import { touchLines } from "./touch";

export { boundRows, encodeBounded } from "./bounds";

/** Scattered rows whose cache lines are asked for ahead. */
const TOUCHED: u32 = 16;

/** Norms outside these bounds are left to float64, row by row. */
const NORM_MIN: f64 = 1e-15;
const NORM_MAX: f64 = 1e18;

/** Distances of `count` rows that lie one after the other, from `rows` on; NaN for the dead. */
export function scanRange(
  metric: u32,
  query: usize,
  rows: usize,
  stride: usize,
  bytes: usize,
  count: u32,
  out: usize,
): void {
  for (let index: u32 = 0; index < count; index++) {
    store<f32>(out + ((<usize>index) << 2), distance(metric, query, rows, bytes));
    rows += stride;
  }
}

/** Distances of the `count` rows whose numbers, counted from the row at `rows`, are at `list`. */
export function scanList(
  metric: u32,
  query: usize,
  rows: usize,
  stride: usize,
  bytes: usize,
  list: usize,
  count: u32,
  out: usize,
): void {
  for (let index: u32 = 0; index < count; index++) {
    if (index % TOUCHED == 0) {
      const ahead = min<u32>(TOUCHED, count - index);
      touchList(rows, stride, bytes, list + ((<usize>index) << 2), ahead, out + ((<usize>index) << 2));
    }
    const row = rows + <usize>load<u32>(list + ((<usize>index) << 2)) * stride;
    store<f32>(out + ((<usize>index) << 2), distance(metric, query, row, bytes));
  }
}

function touchList(
  rows: usize,
  stride: usize,
  bytes: usize,
  list: usize,
  count: u32,
  out: usize,
): void {
  let sum: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    sum += touchLines(rows + <usize>load<u32>(list + ((<usize>index) << 2)) * stride, bytes);
  }
  store<u32>(out, sum);
}

/** Scales the query to length 1, in float64, which never overflows; the zero vector stays. */
export function toUnitLength(query: usize, bytes: usize): void {
  const squares = wideInnerProduct(query, query, bytes);
  scaleBy(query, bytes, squares == 0 ? 0 : 1 / sqrt<f64>(squares));
}

/** Fills in the trailers of `count` new rows: inverse norm, and no flags. */
export function finishRows(rows: usize, stride: usize, bytes: usize, count: u32): void {
  for (let index: u32 = 0; index < count; index++) {
    setTrailer(rows, bytes, inverseNormOf(rows, bytes));
    rows += stride;
  }
}

function inverseNormOf(row: usize, bytes: usize): f32 {
  let norm = sqrt<f64>(<f64>innerProduct(row, row, bytes));
  if (norm >= NORM_MIN && norm <= NORM_MAX) return <f32>(1 / norm);
  norm = sqrt<f64>(wideInnerProduct(row, row, bytes));
  if (norm == 0) return 0;
  return norm >= NORM_MIN && norm <= NORM_MAX ? <f32>(1 / norm) : f32.NaN;
}
