/** The vector that codes are centred by: what rows have in common need not be coded in each. */
import { unitScale, type Metric } from "../metric.js";
import type { SharedRows } from "../shared-rows.js";

/** Rows that are looked at, evenly spread. */
const sampledRows = 1024;

export interface RowMean {
  readonly mean: Float32Array;
  /** Living rows that it was taken over. */
  readonly count: number;
}

/**
 * The mean of the living rows among [from, to), of unit length for cosine. By inner product it is
 * zero, and nothing is centred: a product is no difference.
 */
export function sampleMean(rows: SharedRows, metric: Metric, from: number, to: number): RowMean {
  const sums = new Float64Array(rows.dimension);
  const step = Math.max(1, Math.floor((to - from) / sampledRows));
  let count = 0;
  for (let ordinal = from; ordinal < to; ordinal += step) {
    if (rows.isDead(ordinal)) continue;
    count++;
    if (metric !== "dot_product") addRow(sums, rows.vector(ordinal), metric);
  }
  return { mean: Float32Array.from(sums, (sum) => sum / Math.max(1, count)), count };
}

function addRow(sums: Float64Array, vector: Float32Array, metric: Metric): void {
  const scale = metric === "cosine" ? unitScale(vector) : 1;
  for (const [at, value] of vector.entries()) sums[at] = (sums[at] as number) + value * scale;
}
