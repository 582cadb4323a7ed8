/**
 * The shape of every request: which members there are, their types, bounds and defaults. Unknown
 * members are refused. Vectors, ids and metadata are only described here (for the OpenAPI document);
 * they are checked by hand, in vectors.ts, ids.ts and metadata.ts, as a batch has millions of values.
 */
import { z } from "zod";
import { limits } from "../base/index.js";
import { metadataDepthMax } from "./metadata.js";

const vectorForms = [
  { type: "array", items: { type: "number" }, minItems: 1, maxItems: limits.dimensionMax },
  { type: "string", contentEncoding: "base64", description: "packed little-endian float32" },
];

const vector = z.unknown().meta({
  description:
    "A vector: numbers, or packed little-endian float32 as base64 (JSON) or bin (MessagePack). Every component is finite as float32.",
  oneOf: vectorForms,
});

const vectors = z.unknown().meta({
  description: "Vectors one by one, or all rows packed one after the other.",
  oneOf: [
    { type: "array", items: { oneOf: vectorForms }, minItems: 1, maxItems: limits.batchRowsMax },
    {
      type: "object",
      properties: {
        dimension: { type: "integer", minimum: 1, maximum: limits.dimensionMax },
        data: { type: "string", contentEncoding: "base64" },
      },
      required: ["dimension", "data"],
      additionalProperties: false,
    },
  ],
});

function ids(countMax: number): z.ZodUnknown {
  return z.unknown().meta({
    description: "UUIDs, each at most once.",
    type: "array",
    items: { type: "string", format: "uuid" },
    minItems: 1,
    maxItems: countMax,
  });
}

const versions = z.unknown().meta({
  description: "One per id: the version that the row must have now, or the whole call is refused.",
  type: "array",
  items: { type: "string" },
});

const metadata = z.unknown().meta({
  description: `One JSON object per row, each at most ${limits.metadataBytesMax} bytes encoded and ${metadataDepthMax} levels deep. Default: {} for each.`,
  type: "array",
  items: { type: "object" },
});

const filter = z.unknown().meta({
  description: "A MongoDB-style metadata filter, e.g. { year: { $gte: 2020 } }.",
  type: "object",
});

const tokenCharsMax = 4096;
const token = z.string().min(1).max(tokenCharsMax);
export const collectionName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/)
  .meta({ description: "1 to 128 letters, digits, _ . -; the first is no . or -" });
export const consistencyLevel = z.enum(["ONE", "QUORUM", "ALL"]);
export const distanceMetric = z.enum(["cosine", "l2", "dot_product"]).meta({
  description:
    "1 - cosine similarity, Euclidean distance, negative inner product: smaller is nearer.",
});
export const timeoutMs = z.int().min(1).max(limits.timeoutMsMax);
const recall = z.number().min(0.5).max(1);

const common = {
  collection: collectionName,
  consistency_level: consistencyLevel.default("QUORUM"),
  timeout_ms: timeoutMs.default(limits.timeoutMsDefault),
};
const write = {
  ...common,
  idempotency_key: z.string().min(1).max(limits.idempotencyKeyCharsMax).optional().meta({
    description: "The same key again within 24 hours answers the first result and stores nothing.",
  }),
};
const read = {
  ...common,
  after: token.optional().meta({
    description: "A commit_token: the read sees that write, whatever its level.",
  }),
};
const included = {
  include_vectors: z.boolean().default(true),
  include_metadata: z.boolean().default(true),
};

export const insertRequest = z.strictObject({
  ...write,
  vectors,
  metadata: metadata.optional(),
  ids: ids(limits.batchRowsMax).optional(),
});

export const updateRequest = z.strictObject({
  ...write,
  ids: ids(limits.batchRowsMax),
  vectors: vectors.optional(),
  metadata: metadata.optional(),
  metadata_mode: z.enum(["replace", "merge"]).default("replace"),
  if_versions: versions.optional(),
});

export const deleteRequest = z.strictObject({
  ...write,
  ids: ids(limits.batchRowsMax).optional(),
  filter: filter.optional(),
  if_versions: versions.optional(),
});

export const searchRequest = z.strictObject({
  ...read,
  ...included,
  query_vector: vector,
  top_k: z.int().min(1).max(limits.topKMax).default(10),
  offset: z.int().min(0).max(limits.offsetMax).default(0),
  distance_metric: distanceMetric.optional(),
  filter: filter.optional(),
  exact: z.boolean().default(false),
  explain: z.boolean().default(false),
  max_distance: z.number().optional(),
  recall: recall.optional(),
  ef: z.int().min(1).max(limits.pageRowsMax).optional(),
  nprobe: z.int().min(1).max(65_536).optional(),
});

/** Its options hold for each query that does not have its own. */
export const searchBatchRequest = z.strictObject({
  collection: collectionName.optional(),
  consistency_level: consistencyLevel.optional(),
  timeout_ms: timeoutMs.optional(),
  after: token.optional(),
  queries: z.unknown().meta({
    description: `1 to ${limits.batchQueriesMax} searches of one collection.`,
    type: "array",
    items: { $ref: "#/components/schemas/SearchRequest" },
    minItems: 1,
    maxItems: limits.batchQueriesMax,
  }),
});

export const getRequest = z.strictObject({ ...read, ...included, ids: ids(limits.pageRowsMax) });

export const scrollRequest = z.strictObject({
  ...read,
  ...included,
  filter: filter.optional(),
  limit: z.int().min(1).max(limits.pageRowsMax).default(100),
  cursor: token.optional(),
});

export const countRequest = z.strictObject({ ...read, filter: filter.optional() });

export const indexSettings = z.strictObject({
  type: z.enum(["auto", "hnsw", "ivf", "flat"]).default("hnsw"),
  engine: z.enum(["hnswlib", "shared"]).optional(),
  quantization: z.enum(["none", "int8"]).optional(),
  m: z.int().min(2).max(128).optional().meta({ description: "Links per row and level of HNSW." }),
  ef_construction: z.int().min(1).max(limits.pageRowsMax).optional(),
  lists: z.int().min(1).max(65_536).optional().meta({ description: "Lists of IVF." }),
  recall: recall.optional(),
});

export const createRequest = z.strictObject({
  collection: collectionName,
  dimension: z.int().min(1).max(limits.dimensionMax),
  distance_metric: distanceMetric.default("cosine"),
  index: indexSettings.prefault({}),
  shards: z.int().min(1).max(1024).optional(),
  replication_factor: z.int().min(1).max(64).optional(),
});

export const collectionRequest = z.strictObject({ collection: collectionName });
