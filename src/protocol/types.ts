/**
 * The contract's values: what callers of every face (embedded, REST, cluster) send and receive.
 * Field names are the protocol's own. Shapes are checked at run time by schemas.ts.
 */
import type { JsonObject } from "../base/index.js";

export type ConsistencyLevel = "ONE" | "QUORUM" | "ALL";
/** Smaller is nearer, always: 1 - cosine similarity, Euclidean distance, negative inner product. */
export type DistanceMetric = "cosine" | "l2" | "dot_product";
export type IndexType = "auto" | "hnsw" | "ivf" | "flat";
export type IndexEngineName = "hnswlib" | "shared";
export type Metadata = JsonObject;
/** A MongoDB-style filter; see the filters folder for its operators. */
export type Filter = Record<string, unknown>;
export type VectorInput = Float32Array | readonly number[];
/** Many vectors: one by one, or all rows packed one after the other. */
export type VectorsInput =
  readonly VectorInput[] | { readonly dimension: number; readonly data: Float32Array };

export interface IndexSettings {
  type: IndexType;
  engine?: IndexEngineName | undefined;
  quantization?: "none" | "int8" | undefined;
  /** Links per row and level of HNSW. */
  m?: number | undefined;
  ef_construction?: number | undefined;
  /** Lists of IVF. */
  lists?: number | undefined;
  /** Share of the true nearest that searches aim to find, 0.5 to 1. */
  recall?: number | undefined;
}

export interface CreateCollectionRequest {
  collection: string;
  dimension: number;
  distance_metric?: DistanceMetric | undefined;
  index?: IndexSettings | undefined;
  shards?: number | undefined;
  replication_factor?: number | undefined;
}

/** A collection's settings with every default filled in. */
export interface CollectionSettings {
  collection: string;
  dimension: number;
  distance_metric: DistanceMetric;
  index: IndexSettings;
  shards: number;
  replication_factor: number;
}

/** Bytes by what takes them; the names say whether of memory or of the disk. */
export interface CollectionBytes {
  /** The float32 rows, deleted ones included until they are compacted. */
  vectors_memory: number;
  /** What the index compares: int8 codes, or float32 components (`quantization` `none`). */
  index_codes_memory: number;
  /** What the index finds rows by: links or lists. */
  index_links_memory: number;
  /** Vector files. */
  vectors_disk: number;
  /** LMDB: ids, versions, metadata, Merkle leaves, what is kept of writes. */
  rows_disk: number;
  /** Snapshots of the index, up to two; 0 while its builder is starting anew. */
  index_disk: number;
}

/** An index that was made because searches asked for its metric often. */
export interface MetricIndexDescription {
  distance_metric: DistanceMetric;
  indexed_rows: number;
}

export interface CollectionDescription extends CollectionSettings {
  rows: number;
  /** Rows that the index holds; equal to `rows` once the builder has caught up. */
  indexed_rows: number;
  /** Indexes by other metrics than the collection's own, when there are any. */
  metric_indexes?: MetricIndexDescription[];
  /** Of all indexes together. */
  bytes: CollectionBytes;
  /** `bytes` divided by `rows`; zeros while there are none. */
  bytes_per_row: CollectionBytes;
}

export interface WriteOptions {
  consistency_level?: ConsistencyLevel | undefined;
  timeout_ms?: number | undefined;
  /** The same key again within 24 hours answers the first result and stores nothing. */
  idempotency_key?: string | undefined;
}

export interface InsertRequest extends WriteOptions {
  collection: string;
  vectors: VectorsInput;
  metadata?: readonly Metadata[] | undefined;
  ids?: readonly string[] | undefined;
}

export interface UpdateRequest extends WriteOptions {
  collection: string;
  ids: readonly string[];
  vectors?: VectorsInput | undefined;
  metadata?: readonly Metadata[] | undefined;
  metadata_mode?: "replace" | "merge" | undefined;
  if_versions?: readonly string[] | undefined;
}

export interface DeleteRequest extends WriteOptions {
  collection: string;
  ids?: readonly string[] | undefined;
  filter?: Filter | undefined;
  if_versions?: readonly string[] | undefined;
}

export interface WriteAnswer {
  /** `failed`: nothing of it is or will be stored. */
  status: "success" | "partial" | "failed";
  vector_ids: string[];
  storage_nodes: string[];
  /** Hex root of the Merkle tree over the collection's (id, version, checksum) as of this write. */
  consistency_hash: string;
  timestamp_ms: number;
  commit_token: string;
}

export interface ChangeAnswer extends WriteAnswer {
  missing_ids: string[];
}

export interface ReadOptions {
  consistency_level?: ConsistencyLevel | undefined;
  /** A commit token: the read sees that write, whatever its level. */
  after?: string | undefined;
  timeout_ms?: number | undefined;
}

export interface SearchRequest extends ReadOptions {
  collection: string;
  query_vector: VectorInput;
  /** Default 10. */
  top_k?: number | undefined;
  /** Default: the collection's own. */
  distance_metric?: DistanceMetric | undefined;
  filter?: Filter | undefined;
  include_vectors?: boolean | undefined;
  include_metadata?: boolean | undefined;
  exact?: boolean | undefined;
  max_distance?: number | undefined;
  offset?: number | undefined;
  recall?: number | undefined;
  ef?: number | undefined;
  nprobe?: number | undefined;
  explain?: boolean | undefined;
}

export interface SearchResult {
  id: string;
  vector?: Float32Array;
  distance: number;
  metadata?: Metadata;
  version: string;
}

export interface SearchMetrics {
  nodes_queried: number;
  time_ms: number;
  consistency_level_achieved: ConsistencyLevel;
  /** Whether the nearest were found by comparing with every row. */
  exact: boolean;
  /** What the planner chose, with `explain: true`. */
  plan?: JsonObject;
}

export interface SearchAnswer {
  results: SearchResult[];
  metrics: SearchMetrics;
}

/** The options are shared by all queries that do not say otherwise. */
export interface SearchBatchRequest extends ReadOptions {
  collection: string;
  queries: readonly Omit<SearchRequest, "collection">[];
}

export interface SearchBatchAnswer {
  answers: SearchAnswer[];
}

export interface StoredVector {
  id: string;
  vector?: Float32Array;
  metadata?: Metadata;
  version: string;
}

export interface GetRequest extends ReadOptions {
  collection: string;
  ids: readonly string[];
  include_vectors?: boolean | undefined;
  include_metadata?: boolean | undefined;
}

export interface GetAnswer {
  vectors: StoredVector[];
  missing_ids: string[];
}

export interface ScrollRequest extends ReadOptions {
  collection: string;
  filter?: Filter | undefined;
  /** Rows of one page, default 100. */
  limit?: number | undefined;
  cursor?: string | undefined;
  include_vectors?: boolean | undefined;
  include_metadata?: boolean | undefined;
}

export interface ScrollAnswer {
  vectors: StoredVector[];
  /** Absent on the last page. */
  next_cursor?: string;
}

export interface CountRequest extends ReadOptions {
  collection: string;
  filter?: Filter | undefined;
}

export interface CountAnswer {
  count: number;
}
