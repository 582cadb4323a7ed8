/**
 * Keys of the table: one tag byte for the kind of record, then what names it. Numbers are big-endian,
 * so that the order of keys is the order of numbers. docs/STORAGE-FORMAT.md shows the layout.
 */
import { assert, limits, uuidBytes } from "../base/index.js";
import type { KeyRange } from "./table.js";

export const tags = {
  head: 0x01,
  id: 0x02,
  tombstone: 0x03,
  leaves: 0x04,
  operation: 0x05,
  /** Operations in the order in which they expire. */
  expiry: 0x06,
  row: 0x07,
  run: 0x08,
  /** A vector file, by its first ordinal. */
  file: 0x09,
  /** What was promised of an id. */
  promise: 0x0a,
  /** What the replica knows of itself among others. */
  standing: 0x0b,
  /** A batch that waits for its decision, by its operation. */
  stage: 0x0c,
  /** A piece of a staged batch. */
  stagePart: 0x0d,
} as const;

export type Tag = (typeof tags)[keyof typeof tags];

/** What names of operations may add to a caller's key. */
const prefixBytesMax = 64;
/** UTF-8 takes at most three bytes for a UTF-16 unit; LMDB takes keys of 1,978 bytes. */
export const operationBytesMax = limits.idempotencyKeyCharsMax * 3 + prefixBytesMax;

export const headKey: Uint8Array = Uint8Array.of(tags.head);
export const standingKey: Uint8Array = Uint8Array.of(tags.standing);

/** Of a key that is a tag and a number. */
export const keyBytes = 5;

/** The key of a row, leaf or other record that is named by a whole number below 2^32. */
export function numberKey(tag: Tag, number: number): Uint8Array {
  return Uint8Array.of(tag, number >>> 24, number >>> 16, number >>> 8, number);
}

/** Writes such a key into `memory` at `at`. */
export function putNumberKey(memory: Buffer, at: number, tag: Tag, number: number): void {
  memory[at] = tag;
  memory.writeUInt32BE(number, at + 1);
}

export function idKey(tag: Tag, id: Uint8Array): Uint8Array {
  assert(id.length === uuidBytes, "an id has 16 bytes");
  const key = new Uint8Array(1 + uuidBytes);
  key[0] = tag;
  key.set(id, 1);
  return key;
}

export function operationKey(text: string): Uint8Array {
  return concat(Uint8Array.of(tags.operation), textBytes(text));
}

export function stageKey(operation: string): Uint8Array {
  return concat(Uint8Array.of(tags.stage), textBytes(operation));
}

/** Parts of one staged batch follow one another. */
export function stagePartKey(stage: number, part: number): Uint8Array {
  const key = Buffer.alloc(9);
  key[0] = tags.stagePart;
  key.writeUInt32BE(stage, 1);
  key.writeUInt32BE(part, 5);
  return new Uint8Array(key);
}

/** The keys of a kind whose text begins with `prefix` and is above `after`. */
export function textRange(tag: Tag, prefix: string, after: string): KeyRange {
  const begin = Buffer.from([tag, ...Buffer.from(prefix)]);
  const end = Buffer.from(begin);
  end[end.length - 1] = (end.at(-1) as number) + 1;
  const from = after === "" ? begin : Buffer.from([tag, ...Buffer.from(after), 0]);
  return { from, to: end };
}

export function expiryKey(expiresMs: number, text: string): Uint8Array {
  return concat(expiryPrefix(expiresMs), textBytes(text));
}

/** Below every expiry key of a later time. */
export function expiryPrefix(expiresMs: number): Uint8Array {
  assert(expiresMs >= 0 && expiresMs < Number.MAX_SAFE_INTEGER, "a time in milliseconds");
  const prefix = Buffer.alloc(9);
  prefix[0] = tags.expiry;
  prefix.writeBigUInt64BE(BigInt(Math.ceil(expiresMs)), 1);
  return prefix;
}

/** All keys of a kind. */
export function rangeOf(tag: Tag): KeyRange {
  return { from: Uint8Array.of(tag), to: Uint8Array.of(tag + 1) };
}

/** The lowest key above `key`. */
export function justAbove(key: Uint8Array): Uint8Array {
  const above = new Uint8Array(key.length + 1);
  above.set(key);
  return above;
}

export function numberOfKey(key: Uint8Array): number {
  let number = 0;
  for (let at = 1; at <= 4; at++) number = number * 256 + (key[at] as number);
  return number;
}

export function idOfKey(key: Uint8Array): Uint8Array {
  return key.subarray(1);
}

/** The name in the key of an operation or a staged batch. */
export function operationOfKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset + 1, key.length - 1).toString();
}

/** The name of the operation that an expiry key stands for. */
export function operationOfExpiry(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset + 9, key.length - 9).toString();
}

function textBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  assert(
    bytes.length > 0 && bytes.length <= operationBytesMax,
    "the key of an operation is in bounds",
  );
  return bytes;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
