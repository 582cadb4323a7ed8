/**
 * What replicas of one shard are asked by coordinators and by each other, besides plain writes.
 *
 * Rules that every answer rests on: a row or tombstone replaces what is there only if its version is
 * larger; what was answered is durable; a promise is kept across restarts.
 */
import type { PackedBytes } from "../../base/index.js";
import type { PackedWrite, WriteOutcome } from "./messages.js";

/**
 * Rows and tombstones with their versions. `live[i]`: 1 for a row, 0 for a tombstone or an id that was
 * never there (whose version is ""). `vectors` and `metadata` hold the live rows only, in order; absent
 * when only versions were asked for.
 */
export interface VersionedRows {
  /** 16 bytes each. */
  readonly ids: Uint8Array;
  readonly versions: readonly string[];
  readonly live: Uint8Array;
  readonly vectors?: Float32Array;
  readonly metadata?: PackedBytes;
}

/**
 * The answer to `prepare`: what the replica holds for the ids, and what it must add so that a majority
 * of such answers decides which version stands.
 *
 * A row that is accepted by a majority stands. One that is not may still be replaced by a rival that did
 * not see it, so whoever rests an answer on it writes it again first, under the new ballot: with its old
 * version it would lose to an earlier ballot that a minority accepted.
 */
export interface PreparedRows extends VersionedRows {
  /**
   * 1: came past a larger promise (by `apply`, as `late`, by a repeated commit), so it is known here but
   * was never accepted here. The durable promise of an id therefore keeps the version that stood when it
   * was made: what lies between that and the ballot came past it.
   */
  readonly late: Uint8Array;
  /**
   * The largest ballot that an earlier `prepare` of each id was promised here, also when a row has
   * taken its place since; "" for certainly none. Whoever saw a row here has left one above it. What was
   * forgotten (kept in memory, bounded) is answered by a ballot that is at least as large.
   */
  readonly promised: readonly string[];
}

/**
 * Why a replica did not do what it was asked; nothing has changed. `behind`: it has, or has promised,
 * a version larger than the one given: stamp again, above `version`. `stale`: the map of who asked is
 * older than the replica's. `staged`: an undecided batch holds some of the ids.
 */
export type Refusal =
  | { readonly refused: "behind"; readonly version: string }
  | { readonly refused: "stale"; readonly epoch: number }
  | { readonly refused: "staged"; readonly operation_ids: readonly string[] };

export type WriteReply = WriteOutcome | Refusal;

/** A batch over several shards that is durable here and waits for its decision. */
export interface StagedBatch {
  readonly operation_id: string;
  readonly version: string;
  /** A hash of ids: the replicas of the shard that holds it keep the decision. */
  readonly home: number;
  /** Milliseconds since it was staged. */
  readonly age_ms: number;
}

/** The operation never was, and never will be, applied. */
export interface Aborted {
  readonly aborted: true;
}

export type StageReply = { readonly staged: true } | WriteOutcome | Aborted | Refusal;

/** `missing`: a commit of what was never staged here; whoever decides sends the rows as a `late` write. */
export type DecideReply = WriteOutcome | Aborted | { readonly missing: true };

export type RegisterReply =
  | { readonly promised: true; readonly accepted?: RegisterValue }
  | { readonly promised: false; readonly ballot: string };

export interface RegisterValue {
  readonly ballot: string;
  readonly value: Uint8Array;
}

/** What an acceptor of a register holds: for replicas that learn it from each other. */
export interface RegisterState {
  readonly key: string;
  /** Smaller ballots are refused. */
  readonly promised: string;
  readonly accepted?: RegisterValue;
  readonly expires_ms: number;
}

export interface FenceReply {
  /** In force now: that of the message, or a later one. */
  readonly epoch: number;
  /** No row, promise or register that it ever took has a version or ballot above this. */
  readonly seen_version: string;
}

export interface MerkleState {
  readonly root: string;
  readonly rows: number;
  readonly applied_version: string;
  /** Everything up to this version is here, as far as all replicas together know. */
  readonly converged_version: string;
}

/** Of one commit, by bucket of the Merkle tree. */
export interface BucketCounts {
  /** 4,096 leaves of 32 bytes. */
  readonly leaves: Uint8Array;
  /** Live rows. */
  readonly counts: Uint32Array;
}

export interface DamagedRows {
  /** 16 bytes each. */
  readonly ids: Uint8Array;
  /** Where to go on; absent: these were the last rows. */
  readonly next?: number;
}

export type ReplicationMessage =
  /** Promises not to take older versions for the ids; answered by `PreparedRows` or `Refusal`. */
  | {
      readonly type: "prepare";
      readonly epoch: number;
      readonly ids: Uint8Array;
      readonly ballot: string;
      readonly contents: boolean;
    }
  /**
   * Full rows or ids to delete; answered by `StageReply`: the outcome, or that it was aborted, if it was
   * decided already. With a later version it replaces what was staged. Errors: `OVERLOADED`.
   */
  | {
      readonly type: "stage";
      readonly epoch: number;
      readonly operation_id: string;
      readonly version: string;
      readonly home: number;
      readonly remember_ms?: number;
      readonly write: PackedWrite;
    }
  /** Ends a staged batch; answered by `DecideReply`, however often. Also for one never staged. */
  | { readonly type: "decide"; readonly operation_id: string; readonly commit: boolean }
  /** Undecided batches: `StagedBatch[]`. */
  | { readonly type: "staged" }
  /**
   * Registers: small values that a majority agrees on (single-decree Paxos per key and ballot). Both are
   * answered by `RegisterReply`, or `Refusal` (`stale`). `expires_ms` is wall time, in ms since 1970.
   */
  | {
      readonly type: "register_prepare";
      readonly epoch: number;
      readonly key: string;
      readonly ballot: string;
    }
  | {
      readonly type: "register_accept";
      readonly epoch: number;
      readonly key: string;
      readonly ballot: string;
      readonly value: Uint8Array;
      readonly expires_ms: number;
    }
  /**
   * Rows of other replicas, with contents: the larger version wins, silently, whatever was promised (see
   * `PreparedRows.late`), and of the same one a sound row takes the place of a damaged one. Answered by
   * MerkleState.
   */
  | { readonly type: "apply"; readonly rows: VersionedRows }
  /** Answered by `MerkleState`. */
  | { readonly type: "merkle" }
  /** 4,096 leaves of 32 bytes. */
  | { readonly type: "merkle_leaves" }
  /** What lies in some leaves, without contents: `VersionedRows`. */
  | { readonly type: "bucket_entries"; readonly buckets: Uint16Array }
  /** How many rows lie in each leaf: `BucketCounts`, or undefined when commits come too fast to say. */
  | { readonly type: "bucket_counts" }
  /** Which of the next `limit` rows from an ordinal on are damaged: `DamagedRows`. */
  | { readonly type: "damaged"; readonly from: number; readonly limit: number }
  /** Registers with keys above `after`, in order of keys, at most `limit`: `RegisterState[]`. */
  | { readonly type: "registers"; readonly after: string; readonly limit: number }
  /**
   * Takes over registers of another replica: of each the larger promise, and the value accepted with the
   * larger ballot, whatever was promised here (nobody counts it as accepted here). Answered by
   * `{ learned }`, how many, when durable.
   */
  | { readonly type: "learn_registers"; readonly registers: readonly RegisterState[] }
  /** Refuses older epochs from now on, durably, in writes, stages, prepares, registers: `FenceReply`. */
  | { readonly type: "fence"; readonly epoch: number }
  /**
   * Refuses ballots and promises below `version`, durably: for a replica that lost its promises. Answered
   * by `{ floor }`, the one in force.
   */
  | { readonly type: "floor"; readonly version: string }
  /**
   * All replicas have everything up to `version`; tombstones up to `drop` may go, if given, and no row that
   * is not newer and unknown here is taken any more. Never for a shard with a replica that has not
   * everything yet. Answered by `MerkleState` when the tombstones are gone.
   */
  | { readonly type: "converged"; readonly version: string; readonly drop?: string };
