/**
 * What becomes of raw answers: either typed answers, or bodies in which the stored bytes go as they
 * are. Both come out the same: a body made here equals the encoding of the typed answer.
 */
import { unreachable } from "../base/index.js";
import { jsonBody, msgpackBody } from "./encode-answer.js";
import { EncodedValue } from "./encoded-value.js";
import { decodeMetadata } from "./metadata.js";
import type { RawAnswer, RawRow, RawSearchAnswer } from "./raw-rows.js";
import { writeRawAnswer } from "./raw-rows-writer.js";
import type { GetAnswer, ScrollAnswer, SearchAnswer, SearchBatchAnswer } from "./types.js";
import type { BodyFormat } from "./vector-store.js";

/** The typed answer of each raw one. */
export interface TypedAnswers {
  search: SearchAnswer;
  search_batch: SearchBatchAnswer;
  get: GetAnswer;
  scroll: ScrollAnswer;
}

/** Decodes the metadata of every row; vectors are taken over as they are. */
export function rawToTyped<Raw extends RawAnswer>(raw: Raw): TypedAnswers[Raw["operation"]] {
  return answerOf(raw, decodeMetadata) as TypedAnswers[Raw["operation"]];
}

/**
 * The body of a raw answer: at the start of `memory` when that is given and large enough, otherwise
 * in memory of exactly its size, which may be transferred.
 */
export function encodeRawAnswer(format: BodyFormat, raw: RawAnswer, memory?: Buffer): Uint8Array {
  if (format === "msgpack") return msgpackBody((writer) => writeRawAnswer(writer, raw), memory);
  const answer = answerOf(raw, (bytes) => new EncodedValue(bytes));
  return jsonBody(answer, memory);
}

/** What becomes of encoded metadata in the answer. */
type MetadataForm = (bytes: Uint8Array) => unknown;

function answerOf(raw: RawAnswer, form: MetadataForm): object {
  switch (raw.operation) {
    case "search":
      return searchAnswerOf(raw, form);
    case "search_batch":
      return { answers: raw.answers.map((one) => searchAnswerOf(one, form)) };
    case "get":
      return { vectors: rowsOf(raw.rows, form), missing_ids: raw.missing_ids };
    case "scroll": {
      const { next_cursor } = raw;
      const vectors = rowsOf(raw.rows, form);
      return next_cursor === undefined ? { vectors } : { vectors, next_cursor };
    }
    default:
      return unreachable(raw);
  }
}

function searchAnswerOf(raw: RawSearchAnswer, form: MetadataForm): object {
  return { results: rowsOf(raw.rows, form), metrics: raw.metrics };
}

/** A row of an answer while it is put together; members in the order of the contract. */
interface AnswerRow {
  id: string;
  vector?: Float32Array;
  distance?: number;
  metadata?: unknown;
  version?: string;
}

function rowsOf(rows: readonly RawRow[], form: MetadataForm): AnswerRow[] {
  return rows.map((raw) => {
    const row: AnswerRow = { id: raw.id };
    if (raw.vector) row.vector = raw.vector;
    if (raw.distance !== undefined) row.distance = raw.distance;
    if (raw.metadata) row.metadata = form(raw.metadata);
    row.version = raw.version;
    return row;
  });
}
