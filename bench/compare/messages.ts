/** What the comparison and its contenders say to each other: a line of JSON each, question and answer. */
import type { FilterSpec } from "./sets.js";

export interface BuildOrder {
  readonly do: "build";
}

export interface SearchOrder {
  readonly do: "search";
  readonly effort: number;
  readonly filter?: FilterSpec | undefined;
  /** Row numbers that are right for each query, nearest first. */
  readonly truth: readonly (readonly number[])[];
  /** Searches under way at the same time. */
  readonly atOnce: number;
  /** Queries to ask, from the first on. */
  readonly queries: number;
}

export type Order = BuildOrder | SearchOrder;

export interface BuildAnswer {
  readonly seconds: number;
  /** Processor time of all threads. */
  readonly cpuSeconds: number;
  /** Bytes of memory that came with the rows and their index. */
  readonly memory: Memory;
  /** Bytes of the files. */
  readonly disk: number;
  readonly kind: "index" | "store";
  readonly knob: string;
  readonly efforts: readonly number[];
  readonly isConcurrent: boolean;
  readonly filters: boolean;
}

export interface SearchAnswer {
  /** Share of the right rows that were answered. */
  readonly recall: number;
  /** Queries that got fewer rows than exist. */
  readonly short: number;
  /** Wall time of all queries, divided by their number, in microseconds. */
  readonly us: number;
  /** Processor time of all threads, divided by the number of queries, in microseconds. */
  readonly cpuUs: number;
}

export type Answer = BuildAnswer | SearchAnswer | { readonly error: string };

/** Resident bytes: of its own, and of mapped files, which the system may drop. */
export interface Memory {
  readonly own: number;
  readonly mapped: number;
}
