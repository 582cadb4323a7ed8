/** The shape of every answer, as JSON shows it: for the OpenAPI document. */
import { z } from "zod";
import { errorCodes } from "../base/index.js";
import { collectionName, consistencyLevel, distanceMetric } from "./request-schemas.js";

const vector = z.array(z.number()).meta({
  description: "In MessagePack: bin of packed little-endian float32. Absent if not asked for.",
});
const metadata = z
  .record(z.string(), z.unknown())
  .meta({ description: "Absent if not asked for." });
const version = z.string().meta({
  description: "Opaque; a later write of the same id has the larger one.",
});
const id = z.uuid();

export const writeAnswer = z.object({
  status: z.enum(["success", "partial", "failed"]),
  vector_ids: z.array(id),
  storage_nodes: z.array(z.string()),
  consistency_hash: z.string().regex(/^[0-9a-f]*$/),
  timestamp_ms: z.number(),
  commit_token: z.string(),
});

export const changeAnswer = writeAnswer.extend({ missing_ids: z.array(id) });

export const storedVector = z.object({
  id,
  vector: vector.optional(),
  metadata: metadata.optional(),
  version,
});

export const searchAnswer = z.object({
  results: z.array(
    z.object({
      id,
      vector: vector.optional(),
      distance: z.number(),
      metadata: metadata.optional(),
      version,
    }),
  ),
  metrics: z.object({
    nodes_queried: z.int(),
    time_ms: z.number(),
    consistency_level_achieved: consistencyLevel,
    exact: z.boolean(),
    plan: z.record(z.string(), z.unknown()).optional(),
  }),
});

export const searchBatchAnswer = z.object({ answers: z.array(searchAnswer) });

export const getAnswer = z.object({ vectors: z.array(storedVector), missing_ids: z.array(id) });

export const scrollAnswer = z.object({
  vectors: z.array(storedVector),
  next_cursor: z.string().optional().meta({ description: "Absent on the last page." }),
});

export const countAnswer = z.object({ count: z.int() });

const bytesOf = (description: string) => z.number().meta({ description });

const collectionBytes = z.object({
  vectors_memory: bytesOf("The float32 rows in memory."),
  index_codes_memory: bytesOf(
    "What the index compares: int8 codes, or float32 components (`quantization` `none`).",
  ),
  index_links_memory: bytesOf("What the index finds rows by: links or lists."),
  vectors_disk: bytesOf("Vector files."),
  rows_disk: bytesOf("LMDB: ids, versions, metadata, Merkle leaves."),
  index_disk: bytesOf("Snapshots of the index."),
});

export const collectionDescription = z.object({
  collection: collectionName,
  dimension: z.int(),
  distance_metric: distanceMetric,
  index: z.object({ type: z.string() }).loose(),
  shards: z.int(),
  replication_factor: z.int(),
  rows: z.int(),
  indexed_rows: z.int(),
  metric_indexes: z
    .array(z.object({ distance_metric: distanceMetric, indexed_rows: z.int() }))
    .optional()
    .meta({ description: "Indexes by other metrics, made because searches ask for them." }),
  bytes: collectionBytes,
  bytes_per_row: collectionBytes.meta({ description: "`bytes` divided by `rows`." }),
});

export const collectionList = z.array(collectionDescription);

export const clusterDescription = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      address: z.string(),
      pid: z.int(),
      state: z.enum(["alive", "suspect", "dead"]),
      disk: z
        .object({
          free_bytes: z.number(),
          full: z.boolean().meta({
            description: "Rows are refused here: other replicas take them, and this one later.",
          }),
        })
        .optional()
        .meta({ description: "Of its data directory. Absent when the node does not say." }),
    }),
  ),
  collections: z.array(
    z.object({
      collection: z.string(),
      shards: z.array(
        z.object({
          id: z.int(),
          rows: z.int(),
          split: z
            .object({ into: z.array(z.int()), phase: z.string(), rows_copied: z.int() })
            .optional()
            .meta({ description: "Into which shards it is being split, and how far that is." }),
          replicas: z.array(
            z.object({
              node: z.string(),
              state: z.string(),
              merkle_root: z.string(),
              lag_ms: z.number(),
              repair: z
                .object({
                  kind: z.string(),
                  with: z.string(),
                  buckets: z.int(),
                  buckets_done: z.int(),
                  rows_copied: z.int(),
                })
                .optional()
                .meta({ description: "What is being copied now." }),
              filled_from: z.int().optional().meta({
                description: "While it does not count: how many others it was filled from.",
              }),
              to_fill: z.int().optional().meta({ description: "And how many it has to be." }),
              lost_with: z.array(z.string()).optional().meta({
                description: "Nodes that lost their replicas as well: it can never be filled.",
              }),
            }),
          ),
        }),
      ),
    }),
  ),
});

export const clusterChange = z.object({
  node: z.string().meta({ description: "Id of the node that was added, or is being taken out." }),
});

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(errorCodes),
  request_id: z.string(),
  field: z.string().optional(),
  retry_after_ms: z.number().optional(),
});
