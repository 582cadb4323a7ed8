/**
 * What a replica is asked that is copied whole into two others on its node, and what those are asked.
 * Unlike repair, which has replicas agree, this makes them alike in all that they answer: rows and
 * tombstones, how operations ended, registers, promises, what it knows of itself.
 */
import type { IdPromise, Operation } from "../../storage/index.js";
import type { VersionedRows } from "./replication-messages.js";
import type { Standing } from "./standing.js";

/** Rows with contents: an id of version "" is not there at all. */
export interface CopiedRows {
  readonly rows: VersionedRows;
  /** Where the next page begins; absent: there is none. */
  readonly next?: number;
}

export interface CopiedTombstones {
  readonly rows: VersionedRows;
  readonly next?: Uint8Array;
}

export interface CopiedOperations {
  readonly operations: readonly Operation[];
  readonly next?: string;
}

/** What changed since it was asked last; `lost`: that is not known, so all has to be copied again. */
export type CopiedChanges =
  | { readonly lost: true }
  | {
      readonly lost: false;
      readonly rows: VersionedRows;
      readonly operations: readonly Operation[];
      /** Changed ids and operations that are still to be asked for. */
      readonly left: number;
    };

/** What is in no row and no operation. */
export interface CopiedMemory {
  readonly promises: readonly IdPromise[];
  readonly standing: Standing;
  readonly applied_version: string;
}

export type CopyMessage =
  /** Notes changes from now on, for who names `copy`. Answered when it does. */
  | { readonly type: "copy_begin"; readonly copy: string }
  /** Live rows from an ordinal on: `CopiedRows`. Errors: `DATA_CORRUPTED`. */
  | { readonly type: "copy_rows"; readonly from: number; readonly limit: number }
  /** Tombstones of ids above `after`: `CopiedTombstones`. */
  | { readonly type: "copy_tombstones"; readonly after?: Uint8Array; readonly limit: number }
  /** Ends of operations, and registers, above `after`: `CopiedOperations`. */
  | { readonly type: "copy_operations"; readonly after: string; readonly limit: number }
  /** `CopiedChanges`, of at most `limit` ids and operations. Errors: `DATA_CORRUPTED`. */
  | { readonly type: "copy_changes"; readonly copy: string; readonly limit: number }
  /** `CopiedMemory`. */
  | { readonly type: "copy_memory" }
  /** Answered when it is durable. An id of version "" is forgotten. */
  | {
      readonly type: "take_copy";
      readonly rows?: VersionedRows;
      readonly operations?: readonly Operation[];
    }
  /** Answered when it is durable, and tombstones are dropped that the other one dropped. */
  | { readonly type: "take_memory"; readonly memory: CopiedMemory };
