/** Unit length for cosine: several peers run it as inner product. */
export function toUnit(vector: Float32Array, metric: "l2" | "cosine"): Float32Array {
  if (metric === "l2") return vector;
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
}
