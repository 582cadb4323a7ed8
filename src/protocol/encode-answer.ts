/**
 * Answers as bodies. In MessagePack a vector is `bin` of packed little-endian float32; in JSON an
 * array of the shortest numbers that read back as the same float32.
 */
import { JsonWriter } from "./json-writer.js";
import { MsgpackWriter } from "./msgpack-writer.js";
import type { BodyFormat } from "./vector-store.js";

/** Room for the answer of one usual search. */
const capacity = 64 * 1024;
const jsonWriter = new JsonWriter(capacity);
const msgpackWriter = new MsgpackWriter(capacity);

/** The body of an answer (any plain value), in memory of exactly its size: it may be transferred. */
export function encodeAnswer(format: BodyFormat, answer: unknown): Uint8Array {
  return format === "json" ? jsonBody(answer) : msgpackBody((writer) => writer.value(answer));
}

/** A JSON body; see `msgpackBody`. */
export function jsonBody(answer: unknown, memory?: Buffer): Uint8Array {
  jsonWriter.reset(memory);
  jsonWriter.value(answer);
  return bodyOf(jsonWriter, memory);
}

/**
 * The MessagePack body that `write` writes: at the start of `memory` when that is given and large
 * enough, otherwise in memory of exactly its size.
 */
export function msgpackBody(write: (writer: MsgpackWriter) => void, memory?: Buffer): Uint8Array {
  msgpackWriter.reset(memory);
  write(msgpackWriter);
  return bodyOf(msgpackWriter, memory);
}

function bodyOf(writer: JsonWriter | MsgpackWriter, memory: Buffer | undefined): Uint8Array {
  return memory && writer.isIn(memory) ? memory.subarray(0, writer.length) : writer.copy();
}
