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
function step(sum: v128, levels: v128, codes: usize): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(levels, v128.load8x8_s(codes)));
}

// @ts-ignore: decorator
@inline
function highStep(sum: v128, levels: v128, codes: usize): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(levels, v128.load8x8_s(codes, 8)));
}

/**
 * Products of four records' codes with the query's 16-bit levels, which are so small that no sum
 * overflows, as i32x4. The records are `record` bytes apart.
 */
// @ts-ignore: decorator
@inline
function fourProducts(query: usize, first: usize, record: usize, codeBytes: usize): v128 {
  const second = first + record;
  const third = second + record;
  const fourth = third + record;
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  for (let at: usize = 0; at < codeBytes; at += 16) {
    const low = v128.load(query);
    a = step(a, low, first + at);
    b = step(b, low, second + at);
    c = step(c, low, third + at);
    d = step(d, low, fourth + at);
    const high = v128.load(query, 16);
    a = highStep(a, high, first + at);
    b = highStep(b, high, second + at);
    c = highStep(c, high, third + at);
    d = highStep(d, high, fourth + at);
    query += 32;
  }
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

/**
 * What the rows of `count` records, and of up to three behind them that are memory of this kind, cannot be
 * nearer than, to `out`; not a number where nothing is known. The query is there as 16-bit levels with a
 * scale; `norm` is its length, `error` what its levels are off by.
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
  const record = codeBytes + 16;
  for (let index: u32 = 0; index < count; index += 4) {
    const products = fourProducts(query, records, record, codeBytes);
    store<i32>(out, i32x4.extract_lane(products, 0));
    store<i32>(out, i32x4.extract_lane(products, 1), 4);
    store<i32>(out, i32x4.extract_lane(products, 2), 8);
    store<i32>(out, i32x4.extract_lane(products, 3), 12);
    for (let row = 0; row < 4; row++) {
      const facts = records + codeBytes;
      const rowNorm = <f64>load<f32>(facts, 8);
      const rowError = <f64>load<f32>(facts, 4);
      const product = <f64>load<i32>(out) * scale * <f64>load<f32>(facts);
      const most = product + norm * rowError + error * (rowNorm + rowError);
      store<f32>(out, <f32>boundOf(metric, most, norm, rowNorm, facts));
      records += record;
      out += 4;
    }
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
