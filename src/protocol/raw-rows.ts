/** Answers as storage gives them: rows with their metadata still encoded. */
import type { SearchMetrics } from "./types.js";

export interface RawRow {
  readonly id: string;
  readonly version: string;
  /** There for the results of a search. */
  readonly distance?: number;
  /** May be a view of memory that all threads share. */
  readonly vector?: Float32Array;
  /** One MessagePack map. */
  readonly metadata?: Uint8Array;
}

export interface RawSearchAnswer {
  readonly operation: "search";
  readonly rows: readonly RawRow[];
  readonly metrics: SearchMetrics;
}

export interface RawSearchBatchAnswer {
  readonly operation: "search_batch";
  readonly answers: readonly RawSearchAnswer[];
}

export interface RawGetAnswer {
  readonly operation: "get";
  readonly rows: readonly RawRow[];
  readonly missing_ids: readonly string[];
}

export interface RawScrollAnswer {
  readonly operation: "scroll";
  readonly rows: readonly RawRow[];
  readonly next_cursor?: string;
}

export type RawAnswer = RawSearchAnswer | RawSearchBatchAnswer | RawGetAnswer | RawScrollAnswer;
