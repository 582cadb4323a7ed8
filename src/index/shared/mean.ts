/** The vector that codes are centred by: what rows have in common need not be coded in each. */
import { unitScale, type Metric } from "../metric.js";
import type { SharedRows } from "../shared-rows.js";

/** Rows that are looked at, evenly spread. */
const sampledRows = 1024;

/**
 * The mean of the durable rows, of unit length for cosine. By inner product it is zero, and nothing
 * is centred: a product is no difference.
 */
export function sampleMean(rows: SharedRows, metric: Metric): Float32Array {
  const sums = new Float64Array(rows.dimension);
  if (metric === "dot_product") return new Float32Array(sums);
  const step = Math.max(1, Math.floor(rows.committed / sampledRows));
  let count = 0;
  for (let ordinal = 0; ordinal < rows.committed; ordinal += step, count++) {
    const vector = rows.vector(ordinal);
    const scale = metric === "cosine" ? unitScale(vector) : 1;
    for (const [at, value] of vector.entries()) sums[at] = (sums[at] as number) + value * scale;
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, count));
}
