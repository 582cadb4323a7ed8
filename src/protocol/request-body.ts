/**
 * Bodies of requests to plain values. In MessagePack the bulk of a batch is not turned into objects:
 * `metadata` is checked where it stands and stays encoded, vectors given as numbers become
 * Float32Arrays at once. Nothing is trusted; what is malformed is `INVALID_ARGUMENT` and says where.
 */
import { isUtf8 } from "node:buffer";
import { invalid, limits, unreachable } from "../base/index.js";
import { EncodedMetadata } from "./encoded-metadata.js";
import { refuseJsonBomb } from "./json-bomb.js";
import { takeMetadata } from "./metadata.js";
import { MsgpackCursor, Token } from "./msgpack-cursor.js";
import { expectEnd, readValue } from "./msgpack-reader.js";
import { tooLarge } from "./refusal.js";
import type { BodyFormat } from "./vector-store.js";

/** Decodes a whole body. Binaries in the result are views of `bytes`. */
export function decodeBody(format: BodyFormat, bytes: Uint8Array): unknown {
  switch (format) {
    case "json":
      return decodeJson(bytes);
    case "msgpack":
      return decodeMsgpack(bytes);
    default:
      return unreachable(format);
  }
}

function decodeJson(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw invalid("malformed JSON: it is not UTF-8");
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  refuseJsonBomb(body);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw invalid(`malformed JSON: ${(error as Error).message}`);
  }
}

function decodeMsgpack(bytes: Uint8Array): unknown {
  const cursor = new MsgpackCursor(bytes);
  const value = peek(cursor) === Token.map ? readRequest(cursor) : readValue(cursor);
  expectEnd(cursor);
  return value;
}

function readRequest(cursor: MsgpackCursor): Record<string, unknown> {
  cursor.next();
  const request: Record<string, unknown> = {};
  for (let left = cursor.value; left > 0; left--) {
    const key = cursor.key();
    request[key] = readMember(cursor, key);
  }
  return request;
}

function readMember(cursor: MsgpackCursor, key: string): unknown {
  if (peek(cursor) !== Token.array) return readValue(cursor);
  switch (key) {
    case "metadata":
      return readMetadata(cursor);
    case "vectors":
      return readRows(cursor);
    case "query_vector":
      return readNumbers(cursor);
    default:
      return readValue(cursor);
  }
}

function readMetadata(cursor: MsgpackCursor): EncodedMetadata {
  const rows: Uint8Array[] = [];
  for (let left = enterBatch(cursor, "metadata"); left > 0; left--) {
    rows.push(takeMetadata(cursor, `metadata[${rows.length}]`));
  }
  return new EncodedMetadata(rows);
}

function readRows(cursor: MsgpackCursor): unknown[] {
  const rows: unknown[] = [];
  for (let left = enterBatch(cursor, "vectors"); left > 0; left--) {
    rows.push(peek(cursor) === Token.array ? readNumbers(cursor) : readValue(cursor));
  }
  return rows;
}

/** Reads the head of an array of rows before memory is taken for them; answers how many. */
function enterBatch(cursor: MsgpackCursor, field: string): number {
  cursor.next();
  if (cursor.value <= limits.batchRowsMax) return cursor.value;
  throw tooLarge(field, `has ${cursor.value} rows; ${limits.batchRowsMax} are allowed`);
}

/** An array of numbers as float32; one that holds anything else comes out as it is, to be refused. */
function readNumbers(cursor: MsgpackCursor): unknown {
  const start = cursor.at;
  cursor.next();
  const numbers = cursor.value <= limits.dimensionMax && new Float32Array(cursor.value);
  if (numbers && cursor.numbers(numbers)) return numbers;
  cursor.at = start;
  return readValue(cursor);
}

/** The kind of the token at the cursor, which stays where it is. */
function peek(cursor: MsgpackCursor): Token {
  const start = cursor.at;
  const kind = cursor.next();
  cursor.at = start;
  return kind;
}
