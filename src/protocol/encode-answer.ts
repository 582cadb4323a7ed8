/**
 * Answers as bodies. In MessagePack a vector is `bin` of packed little-endian float32; in JSON an
 * array of the shortest numbers that read back as the same float32.
 */
import { JsonWriter } from "./json-writer.js";
import { MsgpackWriter } from "./msgpack-writer.js";
import type { BodyFormat } from "./vector-store.js";

/** Room for the answer of one usual search. */
const capacity = 64 * 1024;
const writers: Readonly<Record<BodyFormat, JsonWriter | MsgpackWriter>> = {
  json: new JsonWriter(capacity),
  msgpack: new MsgpackWriter(capacity),
};

/** The body of an answer (any plain value), in memory of exactly its size: it may be transferred. */
export function encodeAnswer(format: BodyFormat, answer: unknown): Uint8Array {
  const writer = writers[format];
  writer.reset();
  writer.value(answer);
  return writer.copy();
}
