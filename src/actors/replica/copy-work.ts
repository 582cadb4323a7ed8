/** What a copy takes over of the replica that it is made of, as pieces of commits. */
import type { Work } from "./write-queue.js";
import type { CopiedMemory, CopyMessage } from "./copy-messages.js";
import type { GroupPlan } from "./group-plan.js";
import { idAt, keyOf } from "./packed-rows.js";
import type { VersionedRows } from "./replication-messages.js";
import { forgetRow } from "./row-change.js";
import { checkedRows } from "./versioned-rows.js";

type TakeMessage = Extract<CopyMessage, { type: "take_copy" }>;

export function takeCopyWork({ rows, operations = [] }: TakeMessage): Work<{ taken: number }> {
  const bytes = rows
    ? rows.ids.byteLength + (rows.vectors?.byteLength ?? 0) + (rows.metadata?.data.byteLength ?? 0)
    : 0;
  return {
    bytes: operations.reduce((sum, { value }) => sum + value.byteLength, bytes),
    plan: (group) => {
      const checked = rows && checkedRows(rows, group.rows.dimension);
      group.isCopy = true;
      if (checked) takeRows(group, checked);
      for (const operation of operations) group.putOperation(operation);
      const taken = operations.length + (checked?.versions.length ?? 0);
      return () => ({ taken });
    },
  };
}

function takeRows(group: GroupPlan, rows: Required<VersionedRows>): void {
  rows.versions.forEach((version, index) => {
    if (version === "") forgetRow(group.rows.of(idAt(rows.ids, index)));
    else group.saw(version);
  });
  group.writes.addVersioned(rows);
}

/** Promises are those of the other one as they are: what is there of older ones says less. */
export function takeMemoryWork({ promises, standing, applied_version }: CopiedMemory): Work<void> {
  return {
    bytes: 0,
    plan: (group) => {
      const { replication } = group;
      group.isCopy = true;
      for (const promise of promises) replication.promises.set(keyOf(promise.id), promise);
      const { floor, ballots, converged, dropped } = standing;
      replication.raise({ floor, ballots, converged, dropped });
      replication.memory.ballots.forget(ballots);
      group.saw(applied_version);
      return () => undefined;
    },
  };
}
