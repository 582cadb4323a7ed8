/**
 * The three metrics over one query and one row; smaller is nearer. Any finite input gives a finite
 * distance: where float32 would overflow or lose everything, float64 answers, clamped to float32.
 */
import { inverseNorm, isDead } from "./row";
import {
  innerProduct,
  squaredDistance,
  wideInnerProduct,
  wideSquaredDistance,
} from "./sums";

/** Numbers of the metrics, as in src/index/metric.ts. */
const COSINE: u32 = 0;
const L2: u32 = 1;

/** Below this a sum of squares may have lost its small terms. */
const SQUARES_MIN: f32 = 1e-30;

// @ts-ignore: decorator
@inline
function clamp(value: f64): f32 {
  const limit: f64 = f32.MAX_VALUE;
  return <f32>min(limit, max(-limit, value));
}

/** Euclidean distance, from true differences: exact for near duplicates. */
// @ts-ignore: decorator
@inline
function l2(query: usize, row: usize, bytes: usize): f32 {
  const squares = squaredDistance(query, row, bytes);
  if (squares >= SQUARES_MIN && squares < f32.POSITIVE_INFINITY) return sqrt<f32>(squares);
  return clamp(sqrt<f64>(wideSquaredDistance(query, row, bytes)));
}

/** Negative inner product. */
// @ts-ignore: decorator
@inline
function dotProduct(query: usize, row: usize, bytes: usize): f32 {
  const product = innerProduct(query, row, bytes);
  if (isFinite<f32>(product)) return <f32>0 - product;
  return clamp(<f64>0 - wideInnerProduct(query, row, bytes));
}

/** 1 - cosine similarity, of a query of unit length; 1 where query or row is the zero vector. */
// @ts-ignore: decorator
@inline
function cosine(query: usize, row: usize, bytes: usize): f32 {
  const inverse = inverseNorm(row, bytes);
  if (inverse == inverse) {
    const similarity = innerProduct(query, row, bytes) * inverse;
    return min<f32>(2, max<f32>(0, 1 - similarity));
  }
  const norm = sqrt<f64>(wideInnerProduct(row, row, bytes));
  const similarity = wideInnerProduct(query, row, bytes) / norm;
  return <f32>min<f64>(2, max<f64>(0, 1 - similarity));
}

/** The distance of a row that is alive, NaN of a dead one. */
// @ts-ignore: decorator
@inline
export function distance(metric: u32, query: usize, row: usize, bytes: usize): f32 {
  if (isDead(row, bytes)) return f32.NaN;
  if (metric == COSINE) return cosine(query, row, bytes);
  return metric == L2 ? l2(query, row, bytes) : dotProduct(query, row, bytes);
}
