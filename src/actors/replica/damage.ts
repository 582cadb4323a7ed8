/**
 * Rows whose vectors do not match their checksums any more: found a few at a time, and put right by sound
 * ones of other replicas. A row that is put right moves to a new place, as on a bad one it would not stay so.
 */
import type { SharedRows } from "../../index/index.js";
import { compareVectorCrc, readSnapshot } from "../../storage/index.js";
import type { RowRecord, RowStore } from "../../storage/index.js";
import type { GroupPlan } from "./group-plan.js";
import { concatIds, idAt } from "./packed-rows.js";
import type { DamagedRows, ReplicationMessage, VersionedRows } from "./replication-messages.js";

type DamagedMessage = Extract<ReplicationMessage, { type: "damaged" }>;

/** Whether a row of a commit is in memory as it was stored. */
export type IsSound = (row: RowRecord) => boolean;

export function soundness(rows: SharedRows): IsSound {
  return ({ ordinal, vectorCrc }) => compareVectorCrc(rows.vector(ordinal), vectorCrc);
}

/** Those of the next `limit` rows that are damaged. */
export function damagedRows(
  store: RowStore,
  isSound: IsSound,
  { from, limit }: DamagedMessage,
): DamagedRows {
  return readSnapshot(store, (snapshot) => {
    const damaged: Uint8Array[] = [];
    let count = 0;
    for (const row of snapshot.scan(from)) {
      if (count++ === limit) return { ids: concatIds(damaged), next: row.ordinal };
      if (!isSound(row)) damaged.push(row.id);
    }
    return { ids: concatIds(damaged) };
  });
}

/** Plans new places for damaged rows that are among those given, in the very state in which they were stored. */
export function restoreDamaged(
  group: GroupPlan,
  { ids, versions, live, vectors }: Required<VersionedRows>,
  isSound: IsSound,
): void {
  const { dimension } = group.rows;
  let position = 0;
  versions.forEach((version, index) => {
    if (live[index] !== 1) return;
    const first = dimension * position++;
    const { before, after } = group.rows.of(idAt(ids, index));
    if (!after || after !== before || after.version !== version || isSound(after)) return;
    const vector = vectors.subarray(first, first + dimension);
    if (compareVectorCrc(vector, after.vectorCrc)) group.rows.move([after], vector);
  });
}
