/**
 * Vectors in every form that callers may send, to one packed Float32Array. Checked by hand in tight
 * loops: a batch has millions of components, and a schema library would take seconds.
 *
 * Held to: the packed data is finite, owns its buffer, and never aliases what the caller gave.
 * Errors: `INVALID_ARGUMENT` naming row and component, `TOO_LARGE` for too many rows or bytes.
 */
import { types } from "node:util";
import { limits } from "../base/index.js";
import { float32Bytes, float32From } from "./float-bytes.js";
import type { PackedVectors } from "./normal-requests.js";
import { isPlainObject, nameOf } from "./plain-object.js";
import { refusal, tooLarge } from "./refusal.js";

const componentBytes = Float32Array.BYTES_PER_ELEMENT;

/** One vector: a Float32Array, numbers, or packed bytes (also as base64). `field` is its path. */
export function packVector(value: unknown, field: string): Float32Array {
  const dimension = dimensionOf(value, field);
  const data = new Float32Array(dimension);
  copyRow(value, { data, dimension, row: 0, field });
  const index = infiniteAt(data);
  if (index >= 0) throw refusal(field, `has ${describe(data, index)} as component ${index}`);
  return data;
}

/** Many vectors: an array of single ones, or `{ dimension, data }` with all rows packed. */
export function packVectors(value: unknown, field: string): PackedVectors {
  const packed = Array.isArray(value) ? packRows(value, field) : packBlock(value, field);
  const { data, dimension } = packed;
  const index = infiniteAt(data);
  if (index < 0) return packed;
  const row = Math.floor(index / dimension);
  const message = `has ${describe(data, index)} as component ${index % dimension}`;
  throw refusal(`${field}[${row}]`, message);
}

function packRows(rows: readonly unknown[], field: string): PackedVectors {
  checkCount(rows.length, field);
  const dimension = dimensionOf(rows[0], `${field}[0]`);
  checkBytes(rows.length * dimension * componentBytes, field);
  const data = new Float32Array(rows.length * dimension);
  for (let row = 0; row < rows.length; row++) {
    copyRow(rows[row], { data, dimension, row, field: `${field}[${row}]` });
  }
  return { dimension, count: rows.length, data };
}

function packBlock(value: unknown, field: string): PackedVectors {
  if (!isPlainObject(value)) {
    throw refusal(
      field,
      `must be an array of vectors or { dimension, data }, not ${nameOf(value)}`,
    );
  }
  const unknownKey = Object.keys(value).find((key) => key !== "dimension" && key !== "data");
  if (unknownKey !== undefined) throw refusal(`${field}.${unknownKey}`, "is not a known member");
  const dimension = checkDimension(value["dimension"], `${field}.dimension`);
  const data = packedData(value["data"], `${field}.data`);
  if (data.length % dimension !== 0) {
    const message = `has ${data.length} components: no whole number of rows of ${dimension}`;
    throw refusal(`${field}.data`, message);
  }
  const count = data.length / dimension;
  checkCount(count, field);
  return { dimension, count, data };
}

function packedData(value: unknown, field: string): Float32Array {
  const given = typeof value === "string" ? base64Bytes(value, field) : value;
  if (types.isFloat32Array(given)) {
    checkBytes(given.byteLength, field);
    return new Float32Array(given);
  }
  if (types.isUint8Array(given)) {
    checkBytes(given.byteLength, field);
    return float32From(checkWhole(given, field));
  }
  throw refusal(field, `must be packed float32, not ${nameOf(value)}`);
}

interface Destination {
  readonly data: Float32Array;
  readonly dimension: number;
  readonly row: number;
  readonly field: string;
}

function copyRow(value: unknown, { data, dimension, row, field }: Destination): void {
  const start = row * dimension;
  if (types.isFloat32Array(value)) {
    checkLength(value.length, dimension, field);
    data.set(value, start);
  } else if (Array.isArray(value)) {
    checkLength(value.length, dimension, field);
    copyNumbers(value, data, start, field);
  } else {
    const bytes = rowBytes(value, field);
    checkLength(bytes.length / componentBytes, dimension, field);
    float32Bytes(data).set(bytes, start * componentBytes);
  }
}

function copyNumbers(
  values: readonly unknown[],
  data: Float32Array,
  start: number,
  field: string,
): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== "number") {
      throw refusal(field, `has ${nameOf(value)} as component ${index}`);
    }
    data[start + index] = value;
  }
}

function dimensionOf(value: unknown, field: string): number {
  const isList = Array.isArray(value) || types.isFloat32Array(value);
  const length = isList ? value.length : rowBytes(value, field).length / componentBytes;
  if (length >= 1 && length <= limits.dimensionMax) return length;
  throw refusal(field, `must have 1 to ${limits.dimensionMax} components, not ${length}`);
}

/** The packed bytes of a single vector that is neither a Float32Array nor an array. */
function rowBytes(value: unknown, field: string): Uint8Array {
  const bytes = typeof value === "string" ? base64Bytes(value, field) : value;
  if (!types.isUint8Array(bytes)) {
    throw refusal(field, `must be numbers or packed float32, not ${nameOf(value)}`);
  }
  return checkWhole(bytes, field);
}

/** Base64 in either alphabet, with or without padding; what `Buffer` would skip is refused. */
function base64Bytes(text: string, field: string): Uint8Array {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const bytes = Buffer.from(text, "base64");
  if (digits % 4 === 1 || bytes.length !== Math.floor((digits * 3) / 4))
    throw refusal(field, "is not base64");
  return bytes;
}

function checkWhole(bytes: Uint8Array, field: string): Uint8Array {
  if (bytes.length % componentBytes === 0) return bytes;
  throw refusal(field, `has ${bytes.length} bytes: no whole number of float32`);
}

function checkDimension(value: unknown, field: string): number {
  const isWhole = typeof value === "number" && Number.isInteger(value);
  if (isWhole && value >= 1 && value <= limits.dimensionMax) return value;
  throw refusal(field, `must be a whole number from 1 to ${limits.dimensionMax}`);
}

function checkLength(length: number, dimension: number, field: string): void {
  if (length === dimension) return;
  throw refusal(field, `has ${length} components where the first has ${dimension}`);
}

function checkCount(count: number, field: string): void {
  if (count === 0) throw refusal(field, "must have at least one vector");
  if (count <= limits.batchRowsMax) return;
  throw tooLarge(field, `has ${count} rows; ${limits.batchRowsMax} are allowed`);
}

function checkBytes(bytes: number, field: string): void {
  if (bytes <= limits.bodyBytesMax) return;
  throw tooLarge(field, `takes ${bytes} bytes; ${limits.bodyBytesMax} are allowed`);
}

/**
 * The index of the first component that is NaN or infinite (also what was a number too large for
 * float32), or -1. Zero times a component is zero exactly when it is finite, so sums of such
 * products find out at the speed of memory.
 */
function infiniteAt(data: Float32Array): number {
  let even = 0;
  let odd = 0;
  for (let index = 0; index + 1 < data.length; index += 2) {
    even += (data[index] as number) * 0;
    odd += (data[index + 1] as number) * 0;
  }
  const last = (data[data.length - 1] as number) * 0;
  if (even + odd + last === 0) return -1;
  return data.findIndex((component) => !Number.isFinite(component));
}

function describe(data: Float32Array, index: number): string {
  return Number.isNaN(data[index]) ? "NaN" : "an infinite number (as float32)";
}
