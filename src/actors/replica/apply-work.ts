/** Rows of other replicas, as a piece of a commit: the larger version wins, and a sound one over a damaged one. */
import { restoreDamaged } from "./damage.js";
import type { IsSound } from "./damage.js";
import type { Work } from "./write-queue.js";
import type { MerkleState, VersionedRows } from "./replication-messages.js";
import { checkedRows } from "./versioned-rows.js";

export function applyWork(
  rows: VersionedRows,
  isSound: IsSound,
  state: () => MerkleState,
): Work<MerkleState> {
  return {
    bytes:
      rows.ids.byteLength + (rows.vectors?.byteLength ?? 0) + (rows.metadata?.data.byteLength ?? 0),
    plan: (group) => {
      const checked = checkedRows(rows, group.rows.dimension);
      restoreDamaged(group, checked, isSound);
      group.writes.addVersioned(checked);
      for (const version of checked.versions) group.saw(version);
      return state;
    },
  };
}
