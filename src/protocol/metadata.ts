/**
 * Metadata between the caller's objects and the bytes that are stored: one MessagePack map per row.
 *
 * Only JSON gets in, whichever way it comes: a value that JSON has no form for is refused with its
 * path instead of being changed on the way. Stored bytes are therefore trusted by `decodeMetadata`
 * and `mergeMetadata`. Keys keep their order.
 */
import { limits } from "../base/index.js";
import { ByteSlab } from "./byte-slab.js";
import { JsonEncoder } from "./json-encoder.js";
import { MsgpackCursor } from "./msgpack-cursor.js";
import { readMsgpack, readValue, skipJson } from "./msgpack-reader.js";
import { MsgpackWriter } from "./msgpack-writer.js";
import { isPlainObject, nameOf } from "./plain-object.js";
import { refusal, tooLarge } from "./refusal.js";
import type { Metadata } from "./types.js";

/** Containers of metadata that stand in each other, the outermost included. */
export const metadataDepthMax = 64;

/** The encoding of `{}`. */
export const emptyMetadata: Uint8Array = Uint8Array.of(0x80);

const bounds = { bytesMax: limits.metadataBytesMax, depthMax: metadataDepthMax };
/** Every encoding is made here and copied out; callers pack the rows of a request anew. */
const scratch = new MsgpackWriter(2 * limits.metadataBytesMax);
const slab = new ByteSlab();

/**
 * The encoding of a metadata object. `field` is its path in the request.
 * Errors: `INVALID_ARGUMENT` for what is not a JSON object, `TOO_LARGE` over 64 KiB.
 */
export function encodeMetadata(value: unknown, field: string): Uint8Array {
  if (!isPlainObject(value)) throw refusal(field, `must be a JSON object, not ${nameOf(value)}`);
  scratch.reset();
  new JsonEncoder(scratch, field, bounds).encode(value);
  return scratch.copy(slab.take(scratch.length));
}

/** The object of stored metadata. */
export function decodeMetadata(bytes: Uint8Array): Metadata {
  return readMsgpack(bytes) as Metadata;
}

/**
 * The encoded metadata at the cursor, without decoding it: a view of the body. What is wrong with it
 * is named as `encodeMetadata` does.
 */
export function takeMetadata(cursor: MsgpackCursor, field: string): Uint8Array {
  const start = cursor.at;
  const head = cursor.bytes[start];
  const isMap = head !== undefined && ((head & 0xf0) === 0x80 || head === 0xde || head === 0xdf);
  if (!isMap || !skipJson(cursor, metadataDepthMax)) {
    cursor.at = start;
    encodeMetadata(readValue(cursor), field);
    throw refusal(field, "must be JSON");
  }
  const { buffer, byteOffset } = cursor.bytes;
  return checkSize(new Uint8Array(buffer, byteOffset + start, cursor.at - start), field);
}

/**
 * Stored metadata with the members of `given` over it: a member of both takes the value of `given`,
 * whole (the merge does not reach into objects), and keeps its place. May exceed the size limit.
 */
export function mergeMetadata(stored: Uint8Array, given: Uint8Array): Uint8Array {
  const members = new Map([...membersOf(stored), ...membersOf(given)]);
  const writer = new MsgpackWriter(stored.length + given.length);
  writer.mapHeader(members.size);
  for (const [key, value] of members) {
    writer.string(key);
    writer.raw(value);
  }
  return writer.copy();
}

function membersOf(bytes: Uint8Array): [string, Uint8Array][] {
  const cursor = new MsgpackCursor(bytes);
  cursor.next();
  return Array.from({ length: cursor.value }, () => {
    const key = cursor.key();
    const start = cursor.at;
    skipJson(cursor, metadataDepthMax);
    return [key, bytes.subarray(start, cursor.at)];
  });
}

function checkSize(bytes: Uint8Array, field: string): Uint8Array {
  if (bytes.length <= limits.metadataBytesMax) return bytes;
  throw tooLarge(field, `takes over ${limits.metadataBytesMax} bytes encoded`);
}
