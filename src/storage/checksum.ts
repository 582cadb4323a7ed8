/**
 * CRC-32 (the polynomial of zlib and Ethernet), by which bytes at rest are known to be the bytes that
 * were stored. It finds what a medium spoils; it does not withstand an adversary.
 */
import { crc32 } from "node:zlib";
import { assert } from "../base/index.js";

/** The checksum of `bytes`; `before` is that of the bytes in front of them. */
export function bytesCrc(bytes: Uint8Array, before = 0): number {
  return crc32(bytes, before);
}

/** The checksum of row `index` of packed rows, as it stands in a vector file (little-endian). */
export function vectorCrc(rows: Float32Array, index: number, dimension: number): number {
  const stride = dimension * Float32Array.BYTES_PER_ELEMENT;
  assert((index + 1) * dimension <= rows.length, "row in range");
  return bytesCrc(new Uint8Array(rows.buffer, rows.byteOffset + index * stride, stride));
}

/** Whether `vector` is the one that `crc` was computed of. */
export function compareVectorCrc(vector: Float32Array, crc: number): boolean {
  return vectorCrc(vector, 0, vector.length) === crc;
}
