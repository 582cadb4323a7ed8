/** What can be asked of a graph, and what it answers. */
import type { AllowList } from "../allow-list.js";

export interface GraphWalk {
  readonly query: Float32Array;
  /** Rows wanted at most. */
  readonly wanted: number;
  /** Candidates kept during the walk, at most `efMax`. */
  readonly ef: number;
  /** Only the graph's rows below are returned. */
  readonly limit: number;
  readonly allow?: AllowList | undefined;
  /** Ordinal of a row that is walked around as if it had never come. */
  readonly hidden?: number | undefined;
  /** Called at the end, and after every few thousand rows before; may throw. */
  readonly between?: (() => void) | undefined;
  /** Ordinal of the graph's first row, a multiple of 32; default 0. */
  readonly first?: number;
}

/** Compares with all admitted rows below `limit`. */
export interface GraphList {
  readonly query: Float32Array;
  /** Rows wanted at most, no more than `efMax`. */
  readonly wanted: number;
  readonly limit: number;
  readonly allow: AllowList;
  /** Called about once a millisecond; may throw. */
  readonly between: () => void;
  /** As of a walk. */
  readonly first?: number;
}

/** Walks over admitted rows alone. */
export interface FilteredWalk extends GraphList {
  /** Candidates kept during the walk, at most `efMax`. */
  readonly ef: number;
  /** About which share of all rows is admitted. */
  readonly share: number;
}

export interface GraphHits {
  /** The nearest, at most as many as were wanted. */
  readonly ordinals: Uint32Array;
  /** Rows that qualify among the candidates. */
  readonly count: number;
}
