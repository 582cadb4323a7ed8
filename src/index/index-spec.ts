/** How an index is to be made, and how hard a search is to look: what callers choose. */
import type { Metric } from "./metric.js";

export interface FlatSpec {
  readonly type: "flat";
  readonly engine: "flat";
  readonly metric: Metric;
  readonly dimension: number;
}

interface HnswSettings {
  readonly type: "hnsw";
  readonly metric: Metric;
  readonly dimension: number;
  /** Links per row and level; twice as many on the lowest. */
  readonly m: number;
  /** Candidates that an insertion looks at. */
  readonly efConstruction: number;
  /** Share of the true nearest that searches aim to find; 1 = exact. */
  readonly recall: number;
}

/** hnswlib-node's graph over float32. */
export interface HnswSpec extends HnswSettings {
  readonly engine: "hnswlib";
}

/** What walks compare: int8 codes, or float32 components. */
export type Quantization = "int8" | "none";

/** Our own graph in shared memory. */
export interface SharedSpec extends HnswSettings {
  readonly engine: "shared";
  readonly quantization: Quantization;
  /** Rows of one graph at most; default as many as one memory holds. Rows beyond make another. */
  readonly graphRows?: number;
}

/** Lists of rows around centroids, over int8 codes, in shared memory. */
export interface IvfSpec {
  readonly type: "ivf";
  readonly engine: "ivf";
  readonly metric: Metric;
  readonly dimension: number;
  /** Lists aimed at; undefined: as many as suit the number of rows. */
  readonly lists: number | undefined;
  /** Share of the true nearest that searches aim to find; 1 = exact. */
  readonly recall: number;
}

/** How an index is to be made; another spec is another index. */
export type IndexSpec = FlatSpec | HnswSpec | SharedSpec | IvfSpec;

/**
 * How hard to look. What an engine knows of `ef` and `nprobe` wins over `recall`, which wins over the
 * recall of the spec.
 */
export interface SearchEffort {
  /** Candidates that a walk keeps. */
  readonly ef?: number | undefined;
  /** Lists that are searched. */
  readonly nprobe?: number | undefined;
  /** Share of the true nearest to aim for, at most 1; 1 = exact. */
  readonly recall?: number | undefined;
}
