/** A replica over a store in memory, with rows in real shared memory and time that stands still. */
import { expect } from "vitest";
import { MemoryDisk, VirtualClock, formatUuid, packBytes } from "../../../src/base/index.js";
import { MerkleTree, makeVersion } from "../../../src/consistency/index.js";
import { SharedRows } from "../../../src/index/index.js";
import { AdmittedRows, ChangeLog } from "../../../src/payload/index.js";
import { decodeMetadata, encodeMetadata } from "../../../src/protocol/index.js";
import type { Metadata } from "../../../src/protocol/index.js";
import { MemoryTables, openRowStore } from "../../../src/storage/index.js";
import type { RowStore } from "../../../src/storage/index.js";
import { merkleEntry } from "../../../src/actors/replica/commit-batch.js";
import { loadRows } from "../../../src/actors/replica/load-rows.js";
import type {
  PackedInsert,
  PackedWrite,
  WriteMessage,
} from "../../../src/actors/replica/messages.js";
import { Replica } from "../../../src/actors/replica/replica.js";

export const dimension = 4;

export const idOf = (n: number): Uint8Array => {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, n);
  return id;
};
export const uuidOf = (n: number): string => formatUuid(idOf(n), 0);
export const packIds = (ns: readonly number[]): Uint8Array => Buffer.concat(ns.map(idOf));
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

/** The medium: what a replica leaves to the one after it. */
export class ReplicaWorld {
  readonly clock = new VirtualClock();
  readonly disk = new MemoryDisk();
  readonly tables = new MemoryTables();
  rows = SharedRows.create({ dimension });
  readonly changes = ChangeLog.create();
  readonly admitted = new AdmittedRows(this.changes);
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
  #counter = 0;

  constructor() {
    this.tables.onCommit = ({ when }) => {
      if (when === "after") this.commits++;
    };
  }

  static async open(): Promise<ReplicaWorld> {
    const world = new ReplicaWorld();
    await world.start();
    world.commits = 0;
    return world;
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
      committed: (_, version) => void this.told.push(version),
      moved: () => {
        this.moves++;
      },
      fail: (error) => void this.failures.push(error),
    });
  }

  message(write: PackedWrite, changes: Partial<WriteMessage> = {}): WriteMessage {
    const count = ++this.#counter;
    const version = makeVersion(this.clock.now(), count, "n1");
    const identity = { operation_id: `o:${count}`, version, deadline_ms: Infinity };
    return { type: "write", ...identity, write, ...changes };
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
