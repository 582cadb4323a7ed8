/** What the OpenAPI document says of each operation beside its route: text, bodies, examples. */
import type { ErrorCode } from "../base/index.js";
import type { Operation } from "./routes.js";

export interface OperationDocument {
  readonly summary: string;
  /** Name of the request's schema, with an example. */
  readonly request?: { readonly schema: string; readonly example: object };
  /** Name of the answer's schema, or the media type of an answer that has none. */
  readonly answer: { readonly schema: string } | { readonly mediaType: string } | "empty";
  /** Beside those that every operation may end in. */
  readonly errors: readonly ErrorCode[];
}

const exampleId = "0b4f2c9e-6c1d-4e52-9a57-5f0c2f6d8a11";
const writeErrors: readonly ErrorCode[] = [
  "COLLECTION_NOT_FOUND",
  "TOO_LARGE",
  "NOT_ENOUGH_REPLICAS",
  "STORAGE_FULL",
];
const readErrors: readonly ErrorCode[] = [
  "COLLECTION_NOT_FOUND",
  "NOT_ENOUGH_REPLICAS",
  "DATA_CORRUPTED",
];
const text = { mediaType: "text/plain" };

export const operationDocuments: Readonly<Record<Operation, OperationDocument>> = {
  create_collection: {
    summary: "Create a collection; the same settings again change nothing",
    request: { schema: "CreateRequest", example: { dimension: 384, distance_metric: "cosine" } },
    answer: { schema: "CollectionDescription" },
    errors: ["ALREADY_EXISTS", "NOT_ENOUGH_REPLICAS", "STORAGE_FULL"],
  },
  list_collections: {
    summary: "List all collections",
    answer: { schema: "CollectionList" },
    errors: [],
  },
  describe_collection: {
    summary: "Describe a collection: settings, rows, bytes",
    answer: { schema: "CollectionDescription" },
    errors: ["COLLECTION_NOT_FOUND"],
  },
  drop_collection: {
    summary: "Drop a collection with all of its data",
    answer: "empty",
    errors: ["COLLECTION_NOT_FOUND"],
  },
  insert: {
    summary: "Store rows, all or none; a row whose id exists is replaced",
    request: {
      schema: "InsertRequest",
      example: { vectors: [[0.1, 0.2, 0.3]], metadata: [{ source: "document", year: 2024 }] },
    },
    answer: { schema: "WriteAnswer" },
    errors: writeErrors,
  },
  update: {
    summary: "Change vectors or metadata of rows, all or none",
    request: {
      schema: "UpdateRequest",
      example: { ids: [exampleId], metadata: [{ year: 2025 }], metadata_mode: "merge" },
    },
    answer: { schema: "ChangeAnswer" },
    errors: [...writeErrors, "VERSION_CONFLICT"],
  },
  delete: {
    summary: "Delete rows by id or by filter",
    request: { schema: "DeleteRequest", example: { filter: { year: { $lt: 2020 } } } },
    answer: { schema: "ChangeAnswer" },
    errors: [...writeErrors, "VERSION_CONFLICT"],
  },
  search: {
    summary: "Find the nearest rows",
    request: {
      schema: "SearchRequest",
      example: { query_vector: [0.1, 0.2, 0.3], top_k: 10, filter: { source: "document" } },
    },
    answer: { schema: "SearchAnswer" },
    errors: readErrors,
  },
  search_batch: {
    summary: "Run many searches of one collection at once",
    request: {
      schema: "SearchBatchRequest",
      example: { queries: [{ query_vector: [0.1, 0.2, 0.3], top_k: 10 }] },
    },
    answer: { schema: "SearchBatchAnswer" },
    errors: readErrors,
  },
  get: {
    summary: "Read rows by id",
    request: { schema: "GetRequest", example: { ids: [exampleId], include_vectors: false } },
    answer: { schema: "GetAnswer" },
    errors: readErrors,
  },
  scroll: {
    summary: "Walk over all rows, page by page",
    request: { schema: "ScrollRequest", example: { limit: 100 } },
    answer: { schema: "ScrollAnswer" },
    errors: readErrors,
  },
  count: {
    summary: "Count rows, exactly",
    request: { schema: "CountRequest", example: { filter: { source: "document" } } },
    answer: { schema: "CountAnswer" },
    errors: readErrors,
  },
  get_vector: {
    summary: "Read one row",
    answer: { schema: "StoredVector" },
    errors: [...readErrors, "VECTOR_NOT_FOUND"],
  },
  describe_cluster: {
    summary: "Nodes, shards and replicas",
    answer: { schema: "ClusterDescription" },
    errors: [],
  },
  add_node: {
    summary: "Start one more node process on this host",
    answer: { schema: "ClusterChange" },
    errors: [],
  },
  drain_node: {
    summary: "Move everything off a node, then stop it for good",
    answer: { schema: "ClusterChange" },
    errors: ["NOT_ENOUGH_REPLICAS"],
  },
  events: {
    summary: "Lifecycle, index, write and repair events as they happen",
    answer: { mediaType: "text/event-stream" },
    errors: [],
  },
  health: { summary: "Whether the process lives", answer: text, errors: [] },
  ready: { summary: "Whether the node serves", answer: text, errors: [] },
  metrics: { summary: "Figures in the Prometheus text format", answer: text, errors: [] },
  openapi: {
    summary: "This document",
    answer: { mediaType: "application/json" },
    errors: [],
  },
  dashboard: { summary: "A page to look at", answer: { mediaType: "text/html" }, errors: [] },
};
