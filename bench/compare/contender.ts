/**
 * What takes part in a comparison. A contender lives in a process of its own (contender-process.ts),
 * holds the rows of one set, and answers which rows are nearest to a query of that set.
 */
import type { FilterSpec, LoadedSet } from "./sets.js";

/** Links per row and candidates of an insertion, the same for every HNSW graph. */
export const m = 16;
export const efConstruction = 100;
/** Neighbours wanted of each query. */
export const k = 10;

export const hnswEfforts = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256];
/** Lists that are looked into, of `listsFor` lists. */
export const ivfEfforts = [2, 4, 8, 16, 32, 64, 128];

export function listsFor(rows: number): number {
  return Math.round(Math.sqrt(rows) * 2);
}

export interface Contender {
  /** `index`: answers row numbers alone; `store`: durable rows, answers ids and metadata. */
  readonly kind: "index" | "store";
  /** What `effort` means, for the report. */
  readonly knob: "ef" | "nprobe" | "none";
  readonly efforts: readonly number[];
  /** Whether several searches may be under way at the same time, and are then faster. */
  readonly isConcurrent: boolean;
  readonly filters: boolean;
  /** Starts what it needs before the first row; never timed. */
  open?(directory: string): Promise<void>;
  /** Takes in all rows; afterwards every search is answered by the finished index. */
  build(set: LoadedSet, directory: string): Promise<void> | void;
  /** Makes it look harder or less hard; never timed. */
  setEffort(effort: number): Promise<void> | void;
  /** Makes it ready for a filter, or for none; never timed. */
  setFilter?(filter: FilterSpec | undefined): void;
  /** Row numbers of the nearest rows to query number `query`, nearest first. */
  search(query: number): Promise<ArrayLike<number>> | ArrayLike<number>;
}
