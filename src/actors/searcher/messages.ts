/** What a searcher is asked: reads of one shard, as checked requests or as encoded bodies. */
import type {
  BodyFormat,
  NormalCount,
  NormalGet,
  NormalScroll,
  NormalSearch,
  NormalSearchBatch,
  RawAnswer,
} from "../../protocol/index.js";

export type NormalRead = NormalSearch | NormalSearchBatch | NormalGet | NormalScroll | NormalCount;

export type ReadOperation = NormalRead["operation"];

export interface RawCountAnswer {
  readonly operation: "count";
  readonly count: number;
}

/** The answer to a checked read, its metadata still encoded. */
export type ReadAnswer = RawAnswer | RawCountAnswer;

export type SearcherMessage =
  /** Answered by a `ReadAnswer`. `arrived_ms`: wall time from which `timeout_ms` counts. */
  | { readonly type: "read"; readonly request: NormalRead; readonly arrived_ms: number }
  /** Answered by the encoded answer. */
  | {
      readonly type: "read_encoded";
      readonly operation: ReadOperation;
      readonly collection: string;
      readonly body: Uint8Array;
      readonly format: BodyFormat;
      readonly accept: BodyFormat;
      readonly arrived_ms: number;
    }
  /** attachments[0]: the newest publication of the index. Answered when it is in use. */
  | { readonly type: "index_published" }
  /** attachments[0]: the handle of shared rows that have grown. Answered when it is in use. */
  | { readonly type: "rows_extended" };
