/**
 * Codes that rule rows out: one signed byte a component, and what the row is off by. The inner product
 * of a query with a row is that with its codes, give or take
 *
 *     |query| x |row - codes x scale|  +  |query - its own codes x scale| x |codes x scale|
 *
 * (Cauchy and Schwarz), so a row has a distance that it cannot be nearer than. Who compares exactly with
 * the rows whose bound is near enough finds what comparing with all of them finds. A record is
 *
 *     codes, 0-padded to 16 bytes | scale f32 | error f32 | norm f32 | inverse norm f32
 *
 * The error has room for what float32 sums may be off by. A row whose floats are too small or too large
 * for any of this has a bound that is not a number.
 */
import { inverseNorm } from "./row";
import { wideInnerProduct } from "./sums";

/** Numbers of the metrics, as in src/index/metric.ts. */
const COSINE: u32 = 0;
const L2: u32 = 1;

const LEVELS: f32 = 127;
/** Of the norm of a row: more than sums of 4,096 products in float32 lose. */
const SUM_ERROR: f32 = 1e-4;
/** The largest component within these bounds has squares that float32 holds. */
const LARGEST_MIN: f32 = 1e-15;
const LARGEST_MAX: f32 = 1e15;

// @ts-ignore: decorator
@inline
function largestOf(row: usize, bytes: usize): f32 {
  let largest = f32x4.splat(0);
  for (let at = row; at < row + bytes; at += 16) {
    largest = f32x4.max(largest, f32x4.abs(v128.load(at)));
  }
  return max<f32>(
    max<f32>(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max<f32>(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
}

/** Writes the codes of a row, zeros up to `codeBytes`, and what they are off by, squared. */
// @ts-ignore: decorator
@inline
function writeCodes(row: usize, bytes: usize, scale: f32, codes: usize, codeBytes: usize): f32 {
  const factors = f32x4.splat(1 / scale);
  const scales = f32x4.splat(scale);
  let squares = f32x4.splat(0);
  const size = bytes >> 2;
  for (let at: usize = 0; at < size; at += 4) {
    const values = v128.load(row + (at << 2));
    const levels = f32x4.nearest(f32x4.mul(values, factors));
    const off = f32x4.sub(values, f32x4.mul(levels, scales));
    squares = f32x4.add(squares, f32x4.mul(off, off));
    const words = i32x4.trunc_sat_f32x4_s(levels);
    const halves = i16x8.narrow_i32x4_s(words, words);
    store<i32>(codes + at, i32x4.extract_lane(i8x16.narrow_i16x8_s(halves, halves), 0));
  }
  for (let at = size; at < codeBytes; at += 4) store<i32>(codes + at, 0);
  return (
    f32x4.extract_lane(squares, 0) +
    f32x4.extract_lane(squares, 1) +
    (f32x4.extract_lane(squares, 2) + f32x4.extract_lane(squares, 3))
  );
}

/** Makes the records of `count` rows, which lie one after the other as in shared memory. */
export function encodeBounded(
  rows: usize,
  stride: usize,
  bytes: usize,
  count: u32,
  records: usize,
  codeBytes: usize,
): void {
  for (let index: u32 = 0; index < count; index++) {
    const facts = records + codeBytes;
    const largest = largestOf(rows, bytes);
    const isUsual = largest >= LARGEST_MIN && largest <= LARGEST_MAX;
    const scale: f32 = isUsual ? largest / LEVELS : 1;
    const squares = writeCodes(rows, bytes, scale, records, codeBytes);
    const norm = <f32>sqrt<f64>(wideInnerProduct(rows, rows, bytes));
    const error = sqrt<f32>(squares) * <f32>1.001 + norm * SUM_ERROR;
    store<f32>(facts, scale);
    store<f32>(facts, isUsual ? error : f32.NaN, 4);
    store<f32>(facts, norm, 8);
    store<f32>(facts, inverseNorm(rows, bytes), 12);
    rows += stride;
    records += codeBytes + 16;
  }
}

// @ts-ignore: decorator
@inline
function step(sum: v128, codes: usize, levels: usize): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_s(codes), v128.load(levels)));
}

// @ts-ignore: decorator
@inline
function highStep(sum: v128, codes: usize, levels: usize): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_s(codes, 8), v128.load(levels, 16)));
}

/** Of signed bytes with the query's 16-bit levels, which are so small that no sum overflows. */
// @ts-ignore: decorator
@inline
function levelProduct(codes: usize, codeBytes: usize, query: usize): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  const end = codes + codeBytes;
  for (; codes < end; codes += 16) {
    a = step(a, codes, query);
    b = highStep(b, codes, query);
    query += 32;
  }
  const sum = i32x4.add(a, b);
  return (
    i32x4.extract_lane(sum, 0) +
    i32x4.extract_lane(sum, 1) +
    (i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3))
  );
}

/**
 * What `count` rows cannot be nearer than, to `out`; not a number where nothing is known. The query is
 * there as 16-bit levels with a scale; `norm` is its length, `error` what its levels are off by.
 */
export function boundRows(
  metric: u32,
  query: usize,
  scale: f64,
  norm: f64,
  error: f64,
  records: usize,
  codeBytes: usize,
  count: u32,
  out: usize,
): void {
  for (let index: u32 = 0; index < count; index++) {
    const facts = records + codeBytes;
    const rowNorm = <f64>load<f32>(facts, 8);
    const rowError = <f64>load<f32>(facts, 4);
    const product = <f64>levelProduct(records, codeBytes, query) * scale * <f64>load<f32>(facts);
    const most = product + norm * rowError + error * (rowNorm + rowError);
    store<f32>(out + ((<usize>index) << 2), <f32>boundOf(metric, most, norm, rowNorm, facts));
    records += codeBytes + 16;
  }
}

/** The least distance, where the inner product is `most` at the most. */
// @ts-ignore: decorator
@inline
function boundOf(metric: u32, most: f64, norm: f64, rowNorm: f64, facts: usize): f64 {
  if (metric == COSINE) return 1 - most * <f64>load<f32>(facts, 12);
  if (metric != L2) return -most;
  const sum = norm * norm + rowNorm * rowNorm;
  const squares = sum - 2 * most - sum * 1e-6;
  return squares > 0 ? sqrt<f64>(squares) * 0.9999 : squares == squares ? 0 : squares;
}
