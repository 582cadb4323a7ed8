/**
 * The three metrics. A distance is always "smaller is nearer":
 *
 * - `cosine`: 1 - cosine similarity, 0 to 2. A zero vector has no direction: its distance to
 *   anything, also to itself, is 1.
 * - `l2`: Euclidean distance, not squared, from true differences, so exact for near duplicates.
 * - `dot_product`: the negative inner product, any sign.
 *
 * Distances are float32 and finite for any finite input: what float32 arithmetic cannot hold is
 * computed in float64 and clamped.
 */

export type Metric = "cosine" | "l2" | "dot_product";

export const metrics = ["cosine", "l2", "dot_product"] as const satisfies readonly Metric[];

/** The number by which the kernels know a metric (src/kernels/distances.ts). */
export const metricCodes: Readonly<Record<Metric, number>> = { cosine: 0, l2: 1, dot_product: 2 };

/** What `vector` times this has length 1; 0 for the zero vector. In float64: never overflows. */
export function unitScale(vector: Float32Array): number {
  let squares = 0;
  for (const component of vector) squares += component * component;
  return squares === 0 ? 0 : 1 / Math.sqrt(squares);
}
