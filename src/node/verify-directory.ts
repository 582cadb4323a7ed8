/**
 * Checks a data directory that no node has open: every checksum of every store, and that the Merkle
 * tree that is kept is the tree of the rows that are there.
 */
import { join } from "node:path";
import { merkleEntry, shardDirectory } from "../actors/index.js";
import { diskErrorCode, invalid, systemClock } from "../base/index.js";
import type { Disk } from "../base/index.js";
import { MerkleTree } from "../consistency/index.js";
import type { CollectionSettings } from "../protocol/index.js";
import { openRowStore, systemStorage, verifyRowStore } from "../storage/index.js";
import type { RowSnapshot, Storage } from "../storage/index.js";
import { Catalog } from "./catalog.js";
import { belongsToCluster } from "./identity.js";

export interface ShardReport {
  readonly collection: string;
  readonly shard: number;
  readonly rows: number;
  /** Merkle root of the rows that are there; empty when they cannot be read. */
  readonly root: string;
  /** What is wrong, as sentences; empty when sound. */
  readonly problems: readonly string[];
}

/** Errors: `INVALID_ARGUMENT` for no data directory, `DIRECTORY_LOCKED` while a node has it open, `DATA_CORRUPTED` for damaged settings. */
export async function verifyDirectory(
  directory: string,
  storage = systemStorage,
): Promise<ShardReport[]> {
  const { disk } = storage;
  await requireDirectory(disk, directory);
  const lock = storage.lock(directory, systemClock);
  try {
    const catalog = new Catalog(disk, directory);
    const reports: ShardReport[] = [];
    const isOneOfSeveral = await belongsToCluster(disk, directory);
    for (const { settings, shards } of await catalog.list()) {
      for (const { id } of shards) {
        const shard = shardDirectory(catalog.directoryOf(settings.collection), id);
        // Other nodes may have that one.
        if (isOneOfSeveral && !(await isThere(disk, shard))) continue;
        reports.push({ shard: id, ...(await verifyShard(settings, shard, storage)) });
      }
    }
    return reports;
  } finally {
    lock.release();
  }
}

async function requireDirectory(disk: Disk, directory: string): Promise<void> {
  if (await isThere(disk, join(directory, "collections"))) return;
  throw invalid(`${directory} is not a data directory`);
}

async function isThere(disk: Disk, directory: string): Promise<boolean> {
  try {
    await disk.list(directory);
    return true;
  } catch (error) {
    if (diskErrorCode(error) !== "ENOENT") throw error;
    return false;
  }
}

async function verifyShard(
  { collection, dimension }: CollectionSettings,
  directory: string,
  { disk, openTable }: Storage,
): Promise<Omit<ShardReport, "shard">> {
  const { rows, problems } = await verifyRowStore({ directory, disk, openTable });
  if (problems.length > 0) return { collection, rows, root: "", problems };
  const store = await openRowStore({ directory, disk, openTable, dimension, mode: "read" });
  try {
    const snapshot = store.snapshot();
    const { root, kept } = merkleRoots(snapshot);
    snapshot.release();
    const wrong =
      root === kept ? [] : [`the Merkle root kept is ${kept}, that of the rows ${root}`];
    return { collection, rows, root, problems: wrong };
  } finally {
    await store.close();
  }
}

/** The root of the rows and tombstones that are there, and the root of the leaves that are kept. */
function merkleRoots(snapshot: RowSnapshot): { root: string; kept: string } {
  const tree = new MerkleTree();
  for (const row of snapshot.scan(0)) tree.add(merkleEntry(row));
  for (const { id, version } of snapshot.tombstones()) tree.add({ id, version });
  const keptTree = new MerkleTree();
  for (const { bucket, leaf } of snapshot.leaves()) keptTree.setLeaf(bucket, leaf);
  return { root: tree.root(), kept: keptTree.root() };
}
