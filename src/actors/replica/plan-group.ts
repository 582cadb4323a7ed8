/**
 * What a group of waiting work comes to, judged against one snapshot and the work before it: one plan
 * for all that can be done, and the refusals of the rest. Nothing is changed here.
 */
import type { AdmittedRows } from "../../payload/index.js";
import type { Filter } from "../../protocol/index.js";
import type { RowRecord, RowSnapshot, RowStore } from "../../storage/index.js";
import { GroupPlan } from "./group-plan.js";
import { PlannedRows } from "./planned-rows.js";
import type { ReplicaMemory } from "./replica-memory.js";
import { ReplicationPlan } from "./replication-plan.js";
import { WritePlan } from "./write-plan.js";
import type { Waiting } from "./write-queue.js";

export interface PlanningParts {
  readonly store: RowStore;
  /** For deletes by filter. */
  readonly admitted: AdmittedRows;
  readonly memory: ReplicaMemory;
}

export interface Ready {
  readonly waiting: Waiting;
  readonly answer: (root: string) => void;
}

export interface Refused {
  readonly waiting: Waiting;
  readonly error: unknown;
}

export interface PlannedGroup {
  readonly plan: GroupPlan;
  /** Told, as the refused are, only once it is known what became of the work they were judged against. */
  readonly ready: readonly Ready[];
  readonly refused: readonly Refused[];
}

export function planGroup(
  { store, admitted, memory }: PlanningParts,
  group: readonly Waiting[],
  nowMs: number,
): PlannedGroup {
  const { settled } = admitted;
  const snapshot = store.snapshot();
  try {
    const find = (filter: Filter): Iterable<RowRecord> =>
      rowsOf(admitted.of(filter, { snapshot, settled }).rows, snapshot);
    const { dropped } = memory.standing;
    const rows = new PlannedRows(snapshot, store.dimension, store.nextOrdinal, dropped);
    const writes = new WritePlan(rows, find);
    const replication = new ReplicationPlan(memory, snapshot, nowMs);
    const plan = new GroupPlan(snapshot, { writes, replication }, nowMs);
    const ready: Ready[] = [];
    const refused: Refused[] = [];
    for (const waiting of group) {
      try {
        ready.push({ waiting, answer: waiting.plan(plan) });
      } catch (error) {
        refused.push({ waiting, error });
      }
    }
    return { plan, ready, refused };
  } finally {
    snapshot.release();
  }
}

function* rowsOf(ordinals: Iterable<number>, snapshot: RowSnapshot): Generator<RowRecord> {
  for (const ordinal of ordinals) {
    const row = snapshot.row(ordinal);
    if (row) yield row;
  }
}
