/**
 * Float32 between memory and the wire, which is little-endian. So is every machine that the store
 * runs on, which makes both directions a copy; the module refuses to load on any other.
 */
import { assert } from "../base/index.js";

assert(new Uint8Array(Uint32Array.of(1).buffer)[0] === 1, "this machine is little-endian");

/** The bytes of `values`, as a view. */
export function float32Bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Float32 from packed bytes at any alignment, in memory of their own; a whole number of them. */
export function float32From(bytes: Uint8Array): Float32Array {
  assert(bytes.byteLength % 4 === 0, "whole float32 values");
  const values = new Float32Array(bytes.byteLength / 4);
  float32Bytes(values).set(bytes);
  return values;
}
