/**
 * Brings shared memory and the Merkle tree up to what storage holds, when a replica starts.
 *
 * Shared memory outlives the thread that wrote it. What a replica before this one committed is in it
 * already (it is written before it is committed), so only the rest is read from disk.
 */
import type { MerkleTree } from "../../consistency/index.js";
import type { SharedRows } from "../../index/index.js";
import { readSnapshot } from "../../storage/index.js";
import type { RowStore } from "../../storage/index.js";

export interface LoadParts {
  readonly store: RowStore;
  readonly rows: SharedRows;
  readonly tree: MerkleTree;
  readonly reserve: (count: number) => Promise<void>;
}

export async function loadRows({ store, rows, tree, reserve }: LoadParts): Promise<void> {
  const durable = store.nextOrdinal;
  await reserve(durable);
  const loaded = Math.min(rows.written, durable);
  rows.truncate(loaded);
  await store.loadVectors(loaded, durable - loaded, (first, block) => {
    rows.write(first, block);
    rows.publish(first + block.length / store.dimension);
  });
  rows.publish(durable);
  markHoles(store, rows);
  rows.commit(durable);
  readSnapshot(store, (snapshot) => {
    for (const { bucket, leaf } of snapshot.leaves()) tree.setLeaf(bucket, leaf);
  });
  tree.takeChanged();
}

/** Marks every row that no record points to. */
function markHoles(store: RowStore, rows: SharedRows): void {
  readSnapshot(store, (snapshot) => {
    let next = 0;
    for (const ordinal of snapshot.scanOrdinals(0)) {
      while (next < ordinal) rows.markDead(next++);
      next = ordinal + 1;
    }
    while (next < store.nextOrdinal) rows.markDead(next++);
  });
}
