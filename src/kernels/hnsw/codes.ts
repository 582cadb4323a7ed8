/** What a row's record says beside its links: its code, where its upper lists are, whether it is dead. */
import { encodeVector } from "../codes/encode";
import { encodeFloats } from "../codes/floats";
import {
  codeBytes,
  components,
  DEAD,
  FLAGS,
  isFloat,
  isUnitLength,
  MEAN,
  productFactor,
  UPPER,
} from "./layout";

/** Turns the vector at `vector` (float32, zero-padded to 16) into a code with scale and bias. */
export function encode(vector: usize, row: usize): void {
  const count = components();
  if (isFloat()) encodeFloats(vector, row, count, MEAN, isUnitLength(), productFactor());
  else encodeVector(vector, row, count, MEAN, isUnitLength(), productFactor());
}

// @ts-ignore: decorator
@inline
export function upperOf(row: usize): usize {
  return <usize>load<u32>(row + codeBytes(), UPPER);
}

// @ts-ignore: decorator
@inline
export function isDead(row: usize): bool {
  return (load<u32>(row + codeBytes(), FLAGS) & DEAD) != 0;
}
