/**
 * Requests after checking: every default filled in, every limit held, vectors packed, metadata
 * encoded. Coordinators and storage see only these. Made by normalise.ts, in one way from every
 * face of the store.
 */
import type { ConsistencyLevel, DistanceMetric, Filter, IndexSettings } from "./types.js";

/** Rows of one dimension, one after the other. `data` has its buffer for itself. */
export interface PackedVectors {
  readonly dimension: number;
  readonly count: number;
  /** `count * dimension` finite components. */
  readonly data: Float32Array;
}

interface NormalWrite {
  readonly collection: string;
  readonly consistency_level: ConsistencyLevel;
  readonly timeout_ms: number;
  readonly idempotency_key: string | undefined;
}

export interface NormalInsert extends NormalWrite {
  readonly operation: "insert";
  /** Lower-case UUIDs, each once, one per row; undefined when the store is to make them. */
  readonly ids: readonly string[] | undefined;
  readonly vectors: PackedVectors;
  /** One MessagePack map per row. These may be views of one larger buffer: never transfer them. */
  readonly metadata: readonly Uint8Array[];
}

/** At least one of `vectors` and `metadata` is there, with one row per id. */
export interface NormalUpdate extends NormalWrite {
  readonly operation: "update";
  readonly ids: readonly string[];
  readonly vectors: PackedVectors | undefined;
  readonly metadata: readonly Uint8Array[] | undefined;
  readonly metadata_mode: "replace" | "merge";
  readonly if_versions: readonly string[] | undefined;
}

/** Exactly one of `ids` and `filter` is there; `if_versions` only with `ids`. */
export interface NormalDelete extends NormalWrite {
  readonly operation: "delete";
  readonly ids: readonly string[] | undefined;
  /** Not parsed yet: see the filters folder. So in every request below. */
  readonly filter: Filter | undefined;
  readonly if_versions: readonly string[] | undefined;
}

interface NormalRead {
  readonly collection: string;
  readonly consistency_level: ConsistencyLevel;
  readonly timeout_ms: number;
  readonly after: string | undefined;
}

export interface NormalSearch extends NormalRead {
  readonly operation: "search";
  /** Finite; has its buffer for itself. */
  readonly query_vector: Float32Array;
  readonly top_k: number;
  readonly offset: number;
  /** Undefined: the collection's own. */
  readonly distance_metric: DistanceMetric | undefined;
  readonly filter: Filter | undefined;
  readonly include_vectors: boolean;
  readonly include_metadata: boolean;
  readonly exact: boolean;
  readonly explain: boolean;
  readonly max_distance: number | undefined;
  readonly recall: number | undefined;
  readonly ef: number | undefined;
  readonly nprobe: number | undefined;
}

export interface NormalSearchBatch {
  readonly operation: "search_batch";
  readonly collection: string;
  readonly queries: readonly NormalSearch[];
}

export interface NormalGet extends NormalRead {
  readonly operation: "get";
  readonly ids: readonly string[];
  readonly include_vectors: boolean;
  readonly include_metadata: boolean;
}

export interface NormalScroll extends NormalRead {
  readonly operation: "scroll";
  readonly filter: Filter | undefined;
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly include_vectors: boolean;
  readonly include_metadata: boolean;
}

export interface NormalCount extends NormalRead {
  readonly operation: "count";
  readonly filter: Filter | undefined;
}

/** A checked request on the rows of a collection. */
export type NormalRequest =
  | NormalInsert
  | NormalUpdate
  | NormalDelete
  | NormalSearch
  | NormalSearchBatch
  | NormalGet
  | NormalScroll
  | NormalCount;

/** `shards` and `replication_factor` undefined: the cluster decides. */
export interface NormalCreate {
  readonly collection: string;
  readonly dimension: number;
  readonly distance_metric: DistanceMetric;
  readonly index: IndexSettings;
  readonly shards: number | undefined;
  readonly replication_factor: number | undefined;
}
