/**
 * What a row store promises: the durable truth of one replica. One thread writes it; any number of
 * threads of the same process read the same directory meanwhile, each through a store of its own.
 *
 * A row is named by its ordinal, a number that only grows and is not given again once committed. Its
 * vector stands in a vector file at the place of the ordinal and never changes; all else about it is
 * a record of the table. docs/STORAGE-FORMAT.md argues what a crash at each point leaves.
 */

import type { PackedBytes } from "../base/index.js";

export interface RowRecord {
  readonly ordinal: number;
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** At most 64 characters. */
  readonly version: string;
  /** `vectorCrc` of the row's vector. */
  readonly vectorCrc: number;
  /** `bytesCrc` of `metadata`. */
  readonly metadataCrc: number;
  /** Opaque here. */
  readonly metadata: Uint8Array;
}

/** One atomic change. What it holds must not change until the commit has settled. */
export interface CommitBatch {
  /** Packed rows; they get the ordinals from `nextOrdinal` on, in order. */
  readonly vectors?: Float32Array;
  /**
   * Records of new rows, and of rows that keep their ordinal and vector (a metadata update). An id
   * has one live row: a new row of a known id comes with the removal of the old one.
   */
  readonly puts: readonly RowRecord[];
  /** More new rows, which are not among `puts`. */
  readonly columns?: RowColumns;
  /** Rows that go. `keepId`: the id now points to another ordinal, put in the same batch. */
  readonly removes: readonly RowRemoval[];
  readonly tombstones: readonly Tombstone[];
  /** Ids whose tombstones go. */
  readonly untombstone: readonly Uint8Array[];
  readonly leaves: readonly MerkleLeaf[];
  readonly operations: readonly Operation[];
  /** Absent, as the two below: nothing changes. */
  readonly promises?: readonly PromiseChange[];
  readonly stages?: readonly StageChange[];
  /** Replaces what the replica knows of itself among others; opaque here. */
  readonly standing?: Uint8Array;
  readonly appliedVersion: string;
  /** Replaces the settings. */
  readonly settings?: Uint8Array;
  readonly nowMs: number;
}

/** New rows that share a version, at ordinals that follow one another. */
export interface RowColumns {
  readonly firstOrdinal: number;
  /** 16 bytes each; no two are the same. */
  readonly ids: Uint8Array;
  readonly version: string;
  /** As of `RowRecord`, one for each id; so are the two below. */
  readonly vectorCrcs: Uint32Array;
  readonly metadataCrcs: Uint32Array;
  readonly metadata: PackedBytes;
}

export interface RowRemoval {
  readonly ordinal: number;
  readonly id: Uint8Array;
  readonly keepId: boolean;
}

export interface Tombstone {
  readonly id: Uint8Array;
  readonly version: string;
}

export interface MerkleLeaf {
  readonly bucket: number;
  /** 32 bytes. */
  readonly leaf: Uint8Array;
}

/** What an idempotency key was answered. */
export interface Operation {
  readonly key: string;
  readonly expiresMs: number;
  readonly value: Uint8Array;
}

/** No version of the id below `ballot` is taken any more. */
export interface IdPromise {
  readonly id: Uint8Array;
  readonly ballot: string;
  /** The version that stood when it was made; "" for none. */
  readonly base: string;
}

/** Puts the promise of an id, or removes it when there is none. */
export interface PromiseChange {
  readonly id: Uint8Array;
  readonly promise: Omit<IdPromise, "id"> | undefined;
}

/** A batch that is durable and waits for its decision. Opaque here. */
export interface Stage {
  /** Small: all of them are read when a store is opened. */
  readonly info: Uint8Array;
  readonly body: Uint8Array;
}

/** Puts the batch of an operation, or removes it when there is none. */
export interface StageChange {
  readonly operation: string;
  readonly stage: Stage | undefined;
}

export interface IdEntry {
  readonly id: Uint8Array;
  readonly ordinal: number;
}

/** Ordinals `from` on, up to but without `to`. */
export interface OrdinalRange {
  readonly from: number;
  readonly to: number;
}

/** Called with the ordinal of the first of `rows`, which are only valid during the call. */
export type VectorSink = (firstOrdinal: number, rows: Float32Array) => void;

export interface RowStore {
  readonly dimension: number;
  readonly nextOrdinal: number;
  /** Live rows. */
  readonly rows: number;
  readonly appliedVersion: string;
  /**
   * Resolves when the batch is durable, and visible to every snapshot made from then on. One at a
   * time. When it rejects, no snapshot sees anything of it and all counters are as before.
   * Errors: `STORAGE_FULL`: it may be tried again when there is room, but if the message says that
   * a sync failed the next case holds too. `INTERNAL`: the medium failed; from then on every commit
   * is refused with `CLOSED`, as nobody knows which bytes the medium has, until the store is opened
   * anew; reading goes on. `onReady` is called when the vectors are durable and only the records are
   * missing: what is refused for want of room is nearly always refused before.
   */
  commit(batch: CommitBatch, onReady?: () => void): Promise<void>;
  /**
   * Begins to bring `vectors` to the disk, so that it works while the rest of the batch is made. The
   * next commit must follow, with the same `vectors`, and tells what went wrong.
   */
  stageVectors(vectors: Float32Array): void;
  /**
   * One bounded step of upkeep, not during a commit; whether it found something to do. Changes
   * nothing that can be read. Errors: as of `commit`.
   */
  maintain(): Promise<boolean>;
  /**
   * The ordinals of a vector file most of whose rows are gone. When all its live rows have been put
   * at new ordinals, `maintain` gives the file back.
   */
  sparseRange(): OrdinalRange | undefined;
  /** The newest commit of whichever thread. Release it soon: it keeps old pages from reuse. */
  snapshot(): RowSnapshot;
  /**
   * Reads committed vectors in order, in blocks of some MiB, at the speed of the disk. They are not
   * checked. Files that were given back are passed over. For the writer's thread, not during
   * `maintain`. Errors: `DATA_CORRUPTED` when a file is missing or short.
   */
  loadVectors(firstOrdinal: number, count: number, sink: VectorSink): Promise<void>;
  bytes(): { vectors_disk: number; rows_disk: number };
  /** Releases all snapshots. Waits for a commit under way. */
  close(): Promise<void>;
}

/**
 * One commit's state; all reads see the same. Errors of every read: `DATA_CORRUPTED`, naming the
 * record, when it is not what was stored. What is returned belongs to the caller.
 */
export interface RowSnapshot {
  readonly appliedVersion: string;
  readonly rows: number;
  readonly nextOrdinal: number;
  /** Opaque here. */
  readonly settings: Uint8Array;
  row(ordinal: number): RowRecord | undefined;
  ordinalOf(id: Uint8Array): number | undefined;
  /** Whether any of the ids, 16 bytes each, has a row or a tombstone. */
  knowsAny(ids: Uint8Array): boolean;
  /** The version of the delete. */
  tombstone(id: Uint8Array): string | undefined;
  /** The value stored for an idempotency key that has not expired at `nowMs`. */
  operation(key: string, nowMs: number): Uint8Array | undefined;
  /** Operations that have not expired, whose keys begin with `prefix` and are above `after`, in order. */
  operations(prefix: string, after: string, nowMs: number): Iterable<Operation>;
  /** Live rows in ascending order of ordinals. */
  scan(fromOrdinal: number): Iterable<RowRecord>;
  /** Ordinals of live rows, ascending, without reading their records. */
  scanOrdinals(fromOrdinal: number): Iterable<number>;
  /** Live rows in ascending order of ids, those above `after`. */
  scanIds(after: Uint8Array | undefined): Iterable<IdEntry>;
  leaves(): Iterable<MerkleLeaf>;
  /** In ascending order of ids, those above `after`. */
  tombstones(after?: Uint8Array): Iterable<Tombstone>;
  promises(): Iterable<IdPromise>;
  /** What was last put as `standing`. */
  readonly standing: Uint8Array | undefined;
  /** Staged batches, without their bodies. */
  stages(): Iterable<{ readonly operation: string; readonly info: Uint8Array }>;
  stage(operation: string): Stage | undefined;
  /** A second call does nothing; a read after it is a failed assertion. */
  release(): void;
}
