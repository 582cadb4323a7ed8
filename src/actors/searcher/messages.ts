/** What a searcher is asked: reads of one shard, as checked requests or as encoded bodies. */
import type {
  BatchPart,
  BodyFormat,
  DistanceMetric,
  NormalCount,
  NormalGet,
  NormalScroll,
  NormalSearch,
  NormalSearchBatch,
  RawAnswer,
  RawSearchAnswer,
} from "../../protocol/index.js";
import type { SlotAnswer } from "./answer-slots.js";

export type NormalRead = NormalSearch | NormalSearchBatch | NormalGet | NormalScroll | NormalCount;

export type ReadOperation = NormalRead["operation"];

export interface RawCountAnswer {
  readonly operation: "count";
  readonly count: number;
}

/** The answer to a checked read, its metadata still encoded. */
export type ReadAnswer = RawAnswer | RawCountAnswer;

/** An encoded answer: in a slot of the searcher's `AnswerSlots`, or in the message itself. */
export type SentAnswer = SlotAnswer | Uint8Array;

/** What a searcher on the thread of the caller found, in memory of its own. */
export interface ShortAnswer {
  /** Undefined when it would not have been short: then another searcher is to be asked. */
  readonly answer: RawSearchAnswer | undefined;
  readonly took_ms: number;
}

/** A read that coordinators put together from the answers of several replicas. */
export type SharedRead = NormalSearch | NormalGet | NormalScroll | NormalCount;

/**
 * Reads are answered by a `SentAnswer`. `arrived_ms`: steady time from which `timeout_ms` counts. A
 * part of a batch brings as attachments[0] the budget that all parts count on.
 */
export type SearcherMessage =
  | {
      readonly type: "read";
      readonly request: NormalRead;
      readonly accept: BodyFormat;
      readonly arrived_ms: number;
    }
  /** Within one thread: answered by a `ShortAnswer`. */
  | { readonly type: "read_short"; readonly request: NormalSearch; readonly arrived_ms: number }
  /** Answered by a `ReplicaAnswer`, in the message itself. */
  | { readonly type: "read_raw"; readonly request: SharedRead }
  /** What is known of packed ids: answered by `VersionedRows`. */
  | { readonly type: "rows"; readonly ids: Uint8Array; readonly contents: boolean }
  | {
      readonly type: "read_encoded";
      readonly operation: ReadOperation;
      readonly collection: string;
      readonly body: Uint8Array;
      readonly format: BodyFormat;
      readonly accept: BodyFormat;
      readonly arrived_ms: number;
    }
  /** One of the parts into which a batch is cut; attachments[1]: the body of the whole. */
  | {
      readonly type: "read_part";
      readonly collection: string;
      readonly part: BatchPart;
      readonly format: BodyFormat;
      readonly accept: BodyFormat;
      readonly arrived_ms: number;
    }
  /** attachments[0]: the newest publication of an index. Answered when it is in use. */
  | { readonly type: "index_published" }
  /** The index by this metric is no more: searches by it scan from now on. */
  | { readonly type: "index_dropped"; readonly metric: DistanceMetric }
  /** attachments[0]: the newest publication of the payload index. Answered when it is in use. */
  | { readonly type: "payload_published" }
  /** attachments[0]: the handle of shared rows that have grown. Answered when it is in use. */
  | { readonly type: "rows_extended" };
