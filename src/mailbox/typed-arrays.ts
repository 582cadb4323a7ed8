/**
 * Typed arrays as bytes and back. The code of each type is part of the frame format: append new
 * ones, never renumber.
 */
import { invalid } from "../base/index.js";

const constructors = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
] as const;

export type TypedArray = InstanceType<(typeof constructors)[number]>;

const codeOfName = new Map<string, number>(
  constructors.map((constructor, code) => [constructor.name, code]),
);

/** The code of `view`'s type; a `Buffer` counts as the `Uint8Array` it is. */
export function typedArrayCode(view: ArrayBufferView): number {
  const name = (view as TypedArray)[Symbol.toStringTag];
  const code = codeOfName.get(name);
  if (code === undefined) throw invalid(`a ${name} cannot be sent in a message`);
  return code;
}

/** A copy of the bytes that `view` shows, in memory of its own. */
export function copiedBytes(view: ArrayBufferView): ArrayBuffer {
  const copy = new Uint8Array(view.byteLength);
  copy.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return copy.buffer;
}

/** All of `buffer` as an array of the type that `code` names. */
export function typedArrayOver(code: number, buffer: ArrayBuffer): TypedArray {
  const constructor = constructors[code];
  if (!constructor) throw invalid(`unknown typed array code ${code}`);
  if (buffer.byteLength % constructor.BYTES_PER_ELEMENT !== 0) {
    throw invalid(`${buffer.byteLength} bytes are no whole ${constructor.name}`);
  }
  return new constructor(buffer);
}
