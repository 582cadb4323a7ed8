/** From a plan to what storage commits, and what the commit does to the Merkle tree. */
import type { MerkleEntry, MerkleTree } from "../../consistency/index.js";
import type {
  CommitBatch,
  Operation,
  RowRecord,
  RowRemoval,
  Tombstone,
} from "../../storage/index.js";
import type { RowChange } from "./row-change.js";
import type { PlannedRows } from "./planned-rows.js";

/** Moves the tree from the rows before the plan to the rows after it. */
export function advanceTree(tree: MerkleTree, plan: PlannedRows): void {
  for (const change of plan.singles) {
    moveEntry(tree, entryBefore(change), entryAfter(change));
  }
  if (plan.columns) tree.addRows(plan.columns);
}

/** Takes `advanceTree` back, when the commit failed. */
export function revertTree(tree: MerkleTree, plan: PlannedRows): void {
  for (const change of plan.singles) {
    moveEntry(tree, entryAfter(change), entryBefore(change));
  }
  if (plan.columns) tree.subtractRows(plan.columns);
}

/** The batch for storage; `tree` has been advanced already. */
export function commitBatch(
  plan: PlannedRows,
  tree: MerkleTree,
  operations: readonly Operation[],
  applied: { readonly version: string; readonly nowMs: number },
): CommitBatch {
  return {
    vectors: plan.vectors(),
    ...changesOf(plan),
    ...(plan.columns && { columns: plan.columns }),
    leaves: tree.takeChanged().map((bucket) => ({ bucket, leaf: tree.leaf(bucket) })),
    operations,
    appliedVersion: applied.version,
    nowMs: applied.nowMs,
  };
}

function changesOf(
  plan: PlannedRows,
): Pick<CommitBatch, "puts" | "removes" | "tombstones" | "untombstone"> {
  const puts: RowRecord[] = [];
  const removes: RowRemoval[] = [];
  const tombstones: Tombstone[] = [];
  const untombstone: Uint8Array[] = [];
  for (const { id, before, after, beforeTombstone, afterTombstone } of plan.singles) {
    if (after && after !== before) puts.push(after);
    if (before && before.ordinal !== after?.ordinal) {
      removes.push({ ordinal: before.ordinal, id, keepId: after !== undefined });
    }
    if (afterTombstone === beforeTombstone) continue;
    if (afterTombstone !== undefined) tombstones.push({ id, version: afterTombstone });
    else untombstone.push(id);
  }
  return { puts, removes, tombstones, untombstone };
}

/** Ordinals whose records the plan replaces or removes. */
export function changedOrdinals(plan: PlannedRows): Uint32Array {
  const changed: number[] = [];
  for (const { before, after } of plan.singles) {
    if (before && before !== after) changed.push(before.ordinal);
  }
  return Uint32Array.from(changed);
}

/** Ordinals that no live row has after the plan: rows replaced or deleted, and holes. */
export function deadOrdinals(plan: PlannedRows): Uint32Array {
  const { firstOrdinal, nextOrdinal, columns } = plan;
  const live = new Uint8Array(nextOrdinal - firstOrdinal);
  const dead: number[] = [];
  if (columns) {
    const first = columns.firstOrdinal - firstOrdinal;
    live.fill(1, first, first + columns.vectorCrcs.length);
  }
  for (const { before, after } of plan.singles) {
    if (after && after.ordinal >= firstOrdinal) live[after.ordinal - firstOrdinal] = 1;
    if (before && before.ordinal !== after?.ordinal) dead.push(before.ordinal);
  }
  live.forEach((isLive, index) => {
    if (isLive === 0) dead.push(firstOrdinal + index);
  });
  return Uint32Array.from(dead);
}

function moveEntry(
  tree: MerkleTree,
  from: MerkleEntry | undefined,
  to: MerkleEntry | undefined,
): void {
  if (from === to || (from && to && from.version === to.version)) return;
  if (from) tree.subtract(from);
  if (to) tree.add(to);
}

function entryBefore(change: RowChange): MerkleEntry | undefined {
  return entry(change.id, change.before, change.beforeTombstone);
}

function entryAfter(change: RowChange): MerkleEntry | undefined {
  return entry(change.id, change.after, change.afterTombstone);
}

function entry(
  id: Uint8Array,
  row: RowRecord | undefined,
  tombstone: string | undefined,
): MerkleEntry | undefined {
  if (row) return merkleEntry(row);
  return tombstone === undefined ? undefined : { id, version: tombstone };
}

/** What the Merkle tree holds of a row. */
export function merkleEntry(row: RowRecord): MerkleEntry {
  const checksums = { vector: row.vectorCrc, metadata: row.metadataCrc };
  return { id: row.id, version: row.version, checksums };
}
