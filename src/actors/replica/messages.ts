/**
 * What a replica is asked. Rows come packed: ids as 16 bytes each, vectors as float32 one after the
 * other, metadata as MessagePack, so that a batch crosses threads as a few pieces of memory.
 */
import type { PackedBytes } from "../../base/index.js";
import type { Filter } from "../../protocol/index.js";
import type { Address } from "../../runtime/index.js";

export interface PackedInsert {
  readonly kind: "insert";
  readonly ids: Uint8Array;
  readonly vectors: Float32Array;
  readonly metadata: PackedBytes;
}

export interface PackedUpdate {
  readonly kind: "update";
  readonly ids: Uint8Array;
  readonly vectors?: Float32Array;
  readonly metadata?: PackedBytes;
  readonly metadata_mode: "replace" | "merge";
  readonly if_versions?: readonly string[];
}

export interface PackedDelete {
  readonly kind: "delete";
  readonly ids?: Uint8Array;
  readonly filter?: Filter;
  readonly if_versions?: readonly string[];
}

export type PackedWrite = PackedInsert | PackedUpdate | PackedDelete;

/**
 * How a replicated write is judged: `ordered` is refused as `behind` when it comes too late to be the
 * newest, `late` (hints, repeated commits) then changes nothing and counts as applied.
 */
export type WriteRule = "ordered" | "late";

export interface WriteMessage {
  readonly type: "write";
  /** Names this write for ever: asked again, a replica applies it at most once. */
  readonly operation_id: string;
  /** How long the outcome is remembered; default 10 minutes. */
  readonly remember_ms?: number;
  readonly version: string;
  readonly write: PackedWrite;
  /**
   * For a write that goes to several replicas: how it is judged, and by which map it was sent here. A
   * delete by ids then leaves tombstones for all ids. Without it this is the only replica, and judges
   * conditions and filters itself.
   */
  readonly replicated?: { readonly rule: WriteRule; readonly epoch: number };
  /** Of the map by which the only replica was chosen: one that was fenced refuses older ones (`OVERLOADED`). */
  readonly epoch?: number;
}

/** What became of a write. */
export interface WriteOutcome {
  readonly version: string;
  /** Rows stored, changed or deleted, 16 bytes each. */
  readonly ids: Uint8Array;
  /** Rows asked for that are not there, 16 bytes each. */
  readonly missing: Uint8Array;
  /** Merkle root as of the commit. */
  readonly root: string;
}

export interface StoredBytes {
  readonly vectors_memory: number;
  readonly vectors_disk: number;
  readonly rows_disk: number;
}

export interface ReplicaStatus {
  readonly rows: number;
  readonly next_ordinal: number;
  readonly applied_version: string;
  readonly root: string;
  readonly bytes: StoredBytes;
}

export interface WatchSpec {
  readonly watch_id: string;
  readonly filter?: Filter;
  readonly near?: { readonly vector: Float32Array; readonly max_distance: number };
}

export type ReplicaMessage =
  | WriteMessage
  /** Settles what became of a write whose answer was lost: it is applied by now, or never will be. */
  | { readonly type: "outcome"; readonly operation_id: string }
  | { readonly type: "status" }
  /** attachments[0]: the newest publication of the payload index. Answered when it is in use. */
  | { readonly type: "payload_published" }
  /** Who builds indexes of vectors from now on, and is told of each commit. */
  | { readonly type: "index_builders"; readonly addresses: readonly Address[] }
  | { readonly type: "watch"; readonly watch: WatchSpec }
  | { readonly type: "unwatch"; readonly watch_id: string };
