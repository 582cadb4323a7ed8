/** Ids and vectors of many rows in one piece of memory: cut, picked and joined. */
import { hashUuid, uuidBytes } from "../../base/index.js";

/** An id as a text of eight UTF-16 units: the fastest key for a map that there is. */
export function keyOf(id: Uint8Array): string {
  const unit = (at: number): number => (id[at] as number) | ((id[at + 1] as number) << 8);
  // prettier-ignore
  return String.fromCharCode(unit(0), unit(2), unit(4), unit(6), unit(8), unit(10), unit(12), unit(14));
}

/** The id of a key. */
export function idOfKey(key: string): Uint8Array {
  return Uint8Array.from({ length: 2 * key.length }, (_, at) => {
    const unit = key.charCodeAt(at >> 1);
    return at % 2 === 0 ? unit & 0xff : unit >>> 8;
  });
}

export function idCount(ids: Uint8Array): number {
  return ids.length / uuidBytes;
}

export function idAt(ids: Uint8Array, index: number): Uint8Array {
  return ids.subarray(index * uuidBytes, (index + 1) * uuidBytes);
}

export function pickIds(ids: Uint8Array, indexes: readonly number[]): Uint8Array {
  if (indexes.length * uuidBytes === ids.length) return ids;
  return concatIds(indexes.map((index) => idAt(ids, index)));
}

/** The ids whose key is wanted, in order. */
export function pickWhere(ids: Uint8Array, isWanted: (key: string) => boolean): Uint8Array {
  const wanted: number[] = [];
  keysOf(ids).forEach((key, index) => {
    if (isWanted(key)) wanted.push(index);
  });
  return pickIds(ids, wanted);
}

export function keysOf(ids: Uint8Array): string[] {
  return Array.from({ length: idCount(ids) }, (_, index) => keyOf(idAt(ids, index)));
}

/** Looks per id at a table of hashes, in the mean, before ids are taken for chosen to meet there. */
const looksMax = 16;

/**
 * Whether no id comes twice: by a table of hashes, as text for a set would take ten times as long. Ids that were
 * chosen to meet in that table go through a set all the same, whose hashes nobody can foresee.
 */
export function allDiffer(ids: Uint8Array): boolean {
  const count = idCount(ids);
  const mask = 2 ** Math.ceil(Math.log2(2 * count + 1)) - 1;
  /** Index of an id plus one, or 0. */
  const slots = new Uint32Array(mask + 1);
  let looksLeft = looksMax * count;
  for (let index = 0; index < count; index++) {
    let slot = hashUuid(ids, index * uuidBytes) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (isSame(ids, index, (slots[slot] as number) - 1)) return false;
      if (looksLeft-- === 0) return new Set(keysOf(ids)).size === count;
    }
    slots[slot] = index + 1;
  }
  return true;
}

function isSame(ids: Uint8Array, a: number, b: number): boolean {
  for (let byte = 0; byte < uuidBytes; byte++) {
    if (ids[a * uuidBytes + byte] !== ids[b * uuidBytes + byte]) return false;
  }
  return true;
}

export function concatIds(ids: readonly Uint8Array[]): Uint8Array {
  const packed = new Uint8Array(ids.length * uuidBytes);
  ids.forEach((id, index) => packed.set(id, index * uuidBytes));
  return packed;
}

export function joinVectors(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0] as Float32Array;
  const packed = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  return packed;
}

/** The rows of `vectors` at `indexes`, which ascend. */
export function pickVectors(
  vectors: Float32Array,
  indexes: readonly number[],
  dimension: number,
): Float32Array {
  if (indexes.length * dimension === vectors.length) return vectors;
  const packed = new Float32Array(indexes.length * dimension);
  indexes.forEach((row, index) => {
    packed.set(vectors.subarray(row * dimension, (row + 1) * dimension), index * dimension);
  });
  return packed;
}
