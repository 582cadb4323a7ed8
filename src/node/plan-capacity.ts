/**
 * How much memory and disk a collection needs, and how many nodes: derived from the layouts of rows,
 * indexes and records, before there is a row. `describe_collection` says what one takes in fact.
 */
import { assert, invalid } from "../base/index.js";
import { merkleBuckets } from "../consistency/index.js";
import { indexRowBytes, indexRowsMax, rowBytes, selectIndex } from "../index/index.js";
import type { CollectionBytes, IndexType } from "../protocol/index.js";
import { recordBytes } from "../storage/index.js";

export interface CapacityRequest {
  readonly rows: number;
  readonly dimension: number;
  /** Bytes of one row's metadata as MessagePack. */
  readonly metadataBytes: number;
  readonly replicationFactor: number;
  readonly memoryPerNodeBytes: number;
  readonly index: Exclude<IndexType, "auto">;
  /** Default `int8`; says nothing of `flat`. */
  readonly quantization?: "int8" | "none" | undefined;
}

export interface CapacityPlan {
  readonly bytes_per_row: CollectionBytes;
  readonly shards: number;
  readonly rows_per_shard: number;
  readonly nodes: number;
  /** Of the fullest node: rows and index, and the program itself. */
  readonly memory_per_node_bytes: number;
  readonly disk_per_node_bytes: number;
  /** All replicas together. */
  readonly memory_bytes: number;
  readonly disk_bytes: number;
}

/** Program, threads, caches of each node. */
const programBytes = 512 * 2 ** 20;
/** Of the rest, what rows and indexes may fill; what is left serves writes and the page cache. */
const usableShare = 0.85;
/** The newest snapshot of an index and the one before. */
const snapshots = 2;

/** Errors: `INVALID_ARGUMENT` when a node's memory holds no row. */
export function planCapacity(request: CapacityRequest): CapacityPlan {
  const { rows, replicationFactor, memoryPerNodeBytes } = request;
  assert(rows >= 1 && replicationFactor >= 1, "something to plan for");
  const bytes = bytesPerRow(request);
  const rowMemory = bytes.vectors_memory + bytes.index_codes_memory + bytes.index_links_memory;
  const rowDisk = bytes.vectors_disk + bytes.rows_disk + bytes.index_disk;
  const usable = (memoryPerNodeBytes - programBytes) * usableShare;
  const shardRowsMax = Math.min(indexRowsMax(specOf(request)), Math.floor(usable / rowMemory));
  if (shardRowsMax < 1) throw invalid("a node of so little memory holds no row", "memory_per_node");
  const shards = Math.ceil(rows / shardRowsMax);
  const rowsPerShard = Math.ceil(rows / shards);
  const shardsPerNode = Math.floor(usable / (rowsPerShard * rowMemory));
  const replicas = shards * replicationFactor;
  const nodes = Math.max(replicationFactor, Math.ceil(replicas / shardsPerNode));
  const rowsPerNode = Math.ceil(replicas / nodes) * rowsPerShard;
  return {
    bytes_per_row: bytes,
    shards,
    rows_per_shard: rowsPerShard,
    nodes,
    memory_per_node_bytes: Math.round(rowsPerNode * rowMemory + programBytes),
    disk_per_node_bytes: Math.round(rowsPerNode * rowDisk),
    memory_bytes: Math.round(rows * replicationFactor * rowMemory + nodes * programBytes),
    disk_bytes: Math.round(rows * replicationFactor * rowDisk),
  };
}

function bytesPerRow(request: CapacityRequest): CollectionBytes {
  const { rows, metadataBytes } = request;
  const { codes, links } = indexRowBytes(specOf(request), rows);
  return {
    vectors_memory: rowBytes(request.dimension),
    index_codes_memory: codes,
    index_links_memory: links,
    vectors_disk: request.dimension * Float32Array.BYTES_PER_ELEMENT,
    rows_disk: recordBytes({ rows, metadataBytes, leaves: merkleBuckets }) / rows,
    index_disk: snapshots * (codes + links),
  };
}

function specOf({ dimension, index, quantization, rows }: CapacityRequest) {
  return selectIndex({ dimension, metric: "cosine", index: { type: index, quantization } }, rows);
}
