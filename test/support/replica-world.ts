/**
 * A replica over a store in memory, with rows in real shared memory and time that stands still; it can
 * be stopped, crashed and started again on what it left.
 */
import { expect } from "vitest";
import { MemoryDisk, VirtualClock, formatUuid, packBytes } from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import { MerkleTree, makeVersion } from "../../src/consistency/index.js";
import { SharedRows } from "../../src/index/index.js";
import { AdmittedRows, ChangeLog } from "../../src/payload/index.js";
import { decodeMetadata, encodeMetadata } from "../../src/protocol/index.js";
import type { Metadata } from "../../src/protocol/index.js";
import { MemoryTables, openRowStore, verifyRowStore } from "../../src/storage/index.js";
import type { RowStore } from "../../src/storage/index.js";
import { merkleEntry } from "../../src/actors/replica/commit-batch.js";
import { answerMessage } from "../../src/actors/replica/answer-message.js";
import type { ReplicaQuestion } from "../../src/actors/replica/answer-message.js";
import { loadRows } from "../../src/actors/replica/load-rows.js";
import type { PackedInsert, PackedWrite, WriteMessage } from "../../src/actors/replica/messages.js";
import { Replica } from "../../src/actors/replica/replica.js";
import type { Refusal, VersionedRows } from "../../src/actors/replica/replication-messages.js";
import { readVersionedRows, soundVectors } from "../../src/actors/replica/versioned-rows.js";

export const dimension = 4;

export const idOf = (n: number): Uint8Array => {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, n);
  return id;
};
export const uuidOf = (n: number): string => formatUuid(idOf(n), 0);
export const packIds = (ns: readonly number[]): Uint8Array =>
  new Uint8Array(Buffer.concat(ns.map(idOf)));
export const vectorOf = (n: number): number[] => [n, 1, 0, -n];

/** Rows named by numbers, with vectors and metadata that follow from them. */
export function insertOf(
  ns: readonly number[],
  metadataOf: (n: number) => Metadata = (n) => ({ n }),
): PackedInsert {
  return {
    kind: "insert",
    ids: packIds(ns),
    vectors: Float32Array.from(ns.flatMap(vectorOf)),
    metadata: packBytes(ns.map((n) => encodeMetadata(metadataOf(n), "metadata"))),
  };
}

export const deleteOf = (ns: readonly number[]): PackedWrite => ({
  kind: "delete",
  ids: packIds(ns),
});

/** What a write came to, which must not have been refused. */
export async function applied<T extends object>(reply: Promise<T | Refusal>): Promise<T> {
  const outcome = await reply;
  if ("refused" in outcome) throw new Error(`refused as ${outcome.refused}`);
  return outcome;
}

export interface WorldOptions {
  readonly clock?: VirtualClock;
  readonly node?: string;
  readonly stagedBytesMax?: number;
}

/** Versions that follow one another, whatever the time. */
export const versionOf = (count: number, node = "n1"): string =>
  makeVersion(1_700_000_000_000, count, node);

/** The medium: what a replica leaves to the one after it. */
export class ReplicaWorld {
  readonly clock: VirtualClock;
  /** The node in its versions. */
  readonly node: string;
  disk = new MemoryDisk();
  tables = new MemoryTables();
  rows = SharedRows.create({ dimension });
  changes = ChangeLog.create();
  admitted = new AdmittedRows(this.changes);
  readonly failures: unknown[] = [];
  readonly reserved: number[] = [];
  /** Versions of commits that the replica told of. */
  readonly told: string[] = [];
  commits = 0;
  moves = 0;
  reserve = (count: number): Promise<void> => {
    this.reserved.push(count);
    this.rows.reserve(count);
    return Promise.resolve();
  };
  store!: RowStore;
  replica!: Replica;
  tree!: MerkleTree;
  readonly #limits: Pick<WorldOptions, "stagedBytesMax">;
  #counter = 0;

  constructor(options: WorldOptions = {}) {
    const { clock = new VirtualClock(), node = "n1", stagedBytesMax } = options;
    this.#limits = stagedBytesMax === undefined ? {} : { stagedBytesMax };
    this.clock = clock;
    this.node = node;
    this.#countCommits();
  }

  /** Several replicas of one shard share a clock and differ in their node. */
  static async open(options?: WorldOptions): Promise<ReplicaWorld> {
    const world = new ReplicaWorld(options);
    await world.start();
    world.commits = 0;
    return world;
  }

  #countCommits(): void {
    this.tables.onCommit = ({ when }) => {
      if (when === "after") this.commits++;
    };
  }

  /** What the actor would answer. */
  async ask<Answer>(message: ReplicaQuestion): Promise<Answer> {
    return (await answerMessage(this.replica, message)) as Answer;
  }

  /** Stops and starts anew, on the same medium and shared memory. */
  async restart(): Promise<void> {
    await this.replica.close();
    await this.start();
  }

  /** Power fails now, and a new process starts on what is left; whatever was under way is not answered. */
  async crash(random: Random): Promise<void> {
    this.disk = this.disk.crash(random);
    this.tables = this.tables.crash();
    this.rows = SharedRows.create({ dimension });
    this.changes = ChangeLog.create();
    this.admitted = new AdmittedRows(this.changes);
    this.#countCommits();
    await this.start();
  }

  openStore(mode: "write" | "read"): Promise<RowStore> {
    const { disk, tables } = this;
    const files = { reserveBytes: 0, vectorFileBytes: 4096 + 100 * dimension * 4 };
    return openRowStore({
      directory: "/s",
      disk,
      openTable: tables.open,
      dimension,
      mode,
      ...files,
    });
  }

  /** Opens the store and loads it, as a replica's start does. */
  async start(): Promise<void> {
    const { rows, clock, changes, admitted } = this;
    const reserve = (count: number): Promise<void> => this.reserve(count);
    this.store = await this.openStore("write");
    this.tree = new MerkleTree();
    await loadRows({ store: this.store, rows, tree: this.tree, reserve });
    this.replica = new Replica({
      ...{ store: this.store, rows, tree: this.tree, clock, reserve, changes, admitted },
      ...this.#limits,
      committed: (_, version) => void this.told.push(version),
      moved: () => {
        this.moves++;
      },
      fail: (error) => void this.failures.push(error),
    });
  }

  message(write: PackedWrite, changes: Partial<WriteMessage> = {}): WriteMessage {
    const count = ++this.#counter;
    const version = makeVersion(this.clock.now(), count, this.node);
    const identity = { operation_id: `o:${count}`, version };
    return { type: "write", ...identity, write, ...changes };
  }

  /** A write to one replica of several, of `versionOf(count)`. */
  replicated(write: PackedWrite, count: number, changes: Partial<WriteMessage> = {}): WriteMessage {
    const replicated = { rule: "ordered", epoch: 0 } as const;
    return this.message(write, { version: versionOf(count), replicated, ...changes });
  }

  /** What storage has of some numbers, with contents. */
  versioned(ns: readonly number[]): VersionedRows {
    const snapshot = this.store.snapshot();
    try {
      return readVersionedRows(snapshot, packIds(ns), soundVectors(this.rows));
    } finally {
      snapshot.release();
    }
  }

  /** What an offline check of the store finds wrong, once the replica has stopped. */
  async problems(): Promise<readonly string[]> {
    const { disk, tables } = this;
    return (await verifyRowStore({ directory: "/s", disk, openTable: tables.open })).problems;
  }

  /** The rows that storage has, by their numbers, checked against shared memory. */
  contents(): Record<number, Metadata> {
    const snapshot = this.store.snapshot();
    const found: Record<number, Metadata> = {};
    for (const { ordinal, id, metadata } of snapshot.scan(0)) {
      const n = Buffer.from(id).readUInt32BE(12);
      found[n] = decodeMetadata(metadata);
      if (String(this.rows.vector(ordinal)) !== String(vectorOf(n))) {
        throw new Error(
          `row ${n} has another vector in memory: ${String(this.rows.vector(ordinal))}`,
        );
      }
    }
    snapshot.release();
    return found;
  }

  /** The root of a tree built from what storage has, without looking at the replica's. */
  rebuiltRoot(): string {
    const tree = new MerkleTree();
    const snapshot = this.store.snapshot();
    for (const row of snapshot.scan(0)) tree.add(merkleEntry(row));
    for (const tombstone of snapshot.tombstones()) tree.add(tombstone);
    snapshot.release();
    return tree.root();
  }

  /** The root of the leaves that storage has. */
  storedRoot(): string {
    const tree = new MerkleTree();
    const snapshot = this.store.snapshot();
    for (const { bucket, leaf } of snapshot.leaves()) tree.setLeaf(bucket, leaf);
    snapshot.release();
    return tree.root();
  }
}

/** Storage, its Merkle leaves and shared memory agree. */
export function expectWhole(world: ReplicaWorld): void {
  const { root, rows, next_ordinal } = world.replica.status();
  expect(root).toBe(world.rebuiltRoot());
  expect(root).toBe(world.storedRoot());
  expect(rows).toBe(Object.keys(world.contents()).length);
  expect(world.rows.committed).toBe(next_ordinal);
  expect(world.rows.written).toBe(next_ordinal);
}
