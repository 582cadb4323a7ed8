/**
 * A row as the kernels see it: float32 components, zero-padded to 16 bytes, then the inverse norm
 * (f32) and the flags (u32). `bytes` is the padded length of the components, a multiple of 16.
 * The layout is the one of src/index/row-layout.ts.
 */

/** Bit 0 of the flags: the row was deleted. */
const DEAD: u32 = 1;

// @ts-ignore: decorator
@inline
export function isDead(row: usize, bytes: usize): bool {
  return (load<u32>(row + bytes, 4) & DEAD) != 0;
}

/** 1 / norm; 0 of the zero vector; NaN where float32 arithmetic on the row is not safe. */
// @ts-ignore: decorator
@inline
export function inverseNorm(row: usize, bytes: usize): f32 {
  return load<f32>(row + bytes);
}

// @ts-ignore: decorator
@inline
export function setTrailer(row: usize, bytes: usize, inverse: f32): void {
  store<f32>(row + bytes, inverse);
  store<u32>(row + bytes, 0, 4);
}
