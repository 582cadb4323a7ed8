/**
 * Scores of four codes at once. A score orders rows as their distance does: the squared Euclidean
 * distance (of unit vectors for cosine), or the negative inner product.
 */
import { BIAS, SCALE } from "./encode";
import { fourProducts } from "./products";

/** Scores of the codes at `a`, `b`, `c` and `d` against that at `query`, each `bytes` long. */
// @ts-ignore: decorator
@inline
export function scoreFourCodes(
  query: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  bytes: usize,
  factor: f32,
): v128 {
  const products = f32x4.convert_i32x4_s(fourProducts(query, a, b, c, d, bytes));
  const scale = load<f32>(query + bytes, SCALE) * factor;
  const scales = f32x4.mul(fields(a, b, c, d, bytes + SCALE), f32x4.splat(scale));
  const biases = f32x4.add(
    fields(a, b, c, d, bytes + BIAS),
    f32x4.splat(load<f32>(query + bytes, BIAS)),
  );
  return f32x4.sub(biases, f32x4.mul(products, scales));
}

/** The float32 values `at` bytes from each of four addresses. */
// @ts-ignore: decorator
@inline
export function fields(a: usize, b: usize, c: usize, d: usize, at: usize): v128 {
  let all = v128.load32_zero(a + at);
  all = v128.load_lane<f32>(b + at, all, 1);
  all = v128.load_lane<f32>(c + at, all, 2);
  return v128.load_lane<f32>(d + at, all, 3);
}
