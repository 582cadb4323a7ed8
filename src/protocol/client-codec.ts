/**
 * The caller's side of the wire: typed requests to bodies, bodies to typed answers. Vectors of
 * requests travel packed, as `bin` in MessagePack and as base64 in JSON.
 *
 * What has no form on the wire is refused before it leaves, as an embedded store would refuse it.
 */
import { DvespError, limits } from "../base/index.js";
import { encodeAnswer } from "./encode-answer.js";
import { EncodedValue } from "./encoded-value.js";
import { float32Bytes, float32From } from "./float-bytes.js";
import { batchLimit, itemsOf, queriesLimit } from "./ids.js";
import { JsonEncoder } from "./json-encoder.js";
import { encodeMetadata } from "./metadata.js";
import { readMsgpack } from "./msgpack-reader.js";
import { MsgpackWriter } from "./msgpack-writer.js";
import { isPlainObject } from "./plain-object.js";
import { decodeBody } from "./request-body.js";
import { readSearchAnswer } from "./search-answer-reader.js";
import type { ClusterOperation, CollectionOperation } from "./routes.js";
import type {
  ChangeAnswer,
  CollectionDescription,
  CountAnswer,
  GetAnswer,
  ScrollAnswer,
  SearchAnswer,
  SearchBatchAnswer,
  StoredVector,
  WriteAnswer,
} from "./types.js";
import type {
  BodyFormat,
  ClusterChange,
  ClusterDescription,
  RowOperation,
} from "./vector-store.js";
import { packVector, packVectors } from "./vectors.js";

/** What each operation answers. */
export interface Answers extends Record<
  RowOperation | CollectionOperation | ClusterOperation,
  unknown
> {
  insert: WriteAnswer;
  update: ChangeAnswer;
  delete: ChangeAnswer;
  search: SearchAnswer;
  search_batch: SearchBatchAnswer;
  get: GetAnswer;
  scroll: ScrollAnswer;
  count: CountAnswer;
  create_collection: CollectionDescription;
  list_collections: CollectionDescription[];
  describe_collection: CollectionDescription;
  drop_collection: undefined;
  describe_cluster: ClusterDescription;
  add_node: ClusterChange;
  drain_node: ClusterChange;
}

/** What the operations that read rows answer. */
export type ReadAnswers = Pick<Answers, "search" | "search_batch" | "get" | "scroll" | "count">;

const bounds = { bytesMax: limits.bodyBytesMax, depthMax: 128 };

/**
 * The body of a request of any operation; members that are undefined are left out.
 * Errors: `INVALID_ARGUMENT`, `TOO_LARGE`, for vectors, metadata and values that are not JSON.
 */
export function encodeRequest(format: BodyFormat, request: object): Uint8Array {
  return encodeAnswer(format, wireRequest(format, request, ""));
}

function wireRequest(format: BodyFormat, request: object, prefix: string): object {
  const members = Object.entries(request).filter(([, value]) => value !== undefined);
  // The bulk comes last: then the writer grows for it once, and copies only what is small.
  members.sort(([left], [right]) => Number(left === "vectors") - Number(right === "vectors"));
  return Object.fromEntries(
    members.map(([key, value]) => [key, wireMember(format, key, { value, field: prefix + key })]),
  );
}

interface Member {
  readonly value: unknown;
  readonly field: string;
}

function wireMember(format: BodyFormat, key: string, { value, field }: Member): unknown {
  switch (key) {
    case "vectors": {
      const { dimension, data } = packVectors(value, field);
      return { dimension, data: wireVector(format, data) };
    }
    case "query_vector":
      return wireVector(format, packVector(value, field));
    case "metadata":
      return Array.from(
        itemsOf(value, field, batchLimit),
        (item, row) => new EncodedValue(encodeMetadata(item, `${field}[${row}]`)),
      );
    case "queries":
      return Array.from(itemsOf(value, field, queriesLimit), (query, index) => {
        const at = `${field}[${index}]`;
        return isPlainObject(query) ? wireRequest(format, query, `${at}.`) : wireJson(query, at);
      });
    default:
      return wireJson(value, field);
  }
}

function wireVector(format: BodyFormat, vector: Float32Array): Float32Array | string {
  if (format === "msgpack") return vector;
  const { buffer, byteOffset, byteLength } = float32Bytes(vector);
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

function wireJson(value: unknown, field: string): EncodedValue {
  const writer = new MsgpackWriter(64);
  new JsonEncoder(writer, field, bounds).encode(value);
  return new EncodedValue(writer.copy());
}

/**
 * The typed answer in a body; an empty body is undefined.
 * Errors: `INTERNAL` for a body that is no answer of `operation`.
 */
export function decodeAnswer<O extends keyof Answers>(
  format: BodyFormat,
  operation: O,
  bytes: Uint8Array,
): Answers[O] {
  try {
    if (format === "msgpack" && operation === "search") {
      const found = readSearchAnswer(bytes);
      if (found) return found as Answers[O];
    }
    const answer = bytes.length === 0 ? undefined : decode(format, bytes);
    return withVectors(operation, answer) as Answers[O];
  } catch (cause) {
    const message = `the answer to ${operation} cannot be read`;
    throw new DvespError("INTERNAL", message, { cause });
  }
}

function decode(format: BodyFormat, bytes: Uint8Array): unknown {
  return format === "msgpack" ? readMsgpack(bytes) : decodeBody(format, bytes);
}

/** Makes the vectors in a decoded answer Float32Arrays, in place. */
function withVectors(operation: keyof Answers, answer: unknown): unknown {
  switch (operation) {
    case "search":
      (answer as SearchAnswer).results.forEach(typeVector);
      return answer;
    case "search_batch":
      for (const one of (answer as SearchBatchAnswer).answers) one.results.forEach(typeVector);
      return answer;
    case "get":
    case "scroll":
      (answer as GetAnswer | ScrollAnswer).vectors.forEach(typeVector);
      return answer;
    case "insert":
    case "update":
    case "delete":
    case "count":
    case "create_collection":
    case "list_collections":
    case "describe_collection":
    case "drop_collection":
    case "describe_cluster":
    case "add_node":
    case "drain_node":
      return answer;
  }
}

function typeVector(row: Pick<StoredVector, "vector">): void {
  const vector: unknown = row.vector;
  if (vector instanceof Uint8Array) row.vector = float32From(vector);
  else if (Array.isArray(vector)) row.vector = Float32Array.from(vector as number[]);
}
