/**
 * What a group of waiting writes comes to, judged against one snapshot and those of the group before
 * them: one plan for all that can be done, and the refusals of the others. Nothing is changed here.
 */
import { DvespError } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { AdmittedRows } from "../../payload/index.js";
import type { Filter } from "../../protocol/index.js";
import type { RowRecord, RowSnapshot, RowStore } from "../../storage/index.js";
import type { WriteOutcome } from "./messages.js";
import { decodeOutcome } from "./outcome-record.js";
import { WritePlan } from "./write-plan.js";
import type { PlannedIds } from "./write-plan.js";
import type { Waiting } from "./write-queue.js";

export interface PlanningParts {
  readonly store: RowStore;
  /** For deletes by filter. */
  readonly admitted: AdmittedRows;
  readonly clock: Clock;
}

export interface Planned {
  readonly entry: Waiting<WriteOutcome>;
  readonly ids: PlannedIds;
}

interface Refused {
  readonly entry: Waiting<WriteOutcome>;
  readonly error: unknown;
}

export interface PlannedGroup {
  readonly plan: WritePlan;
  readonly planned: readonly Planned[];
  /** Told only once it is known what became of the writes that they were judged against. */
  readonly refused: readonly Refused[];
}

/** Writes that were applied before are answered at once. */
export function planGroup(
  { store, clock, admitted }: PlanningParts,
  group: readonly Waiting<WriteOutcome>[],
): PlannedGroup {
  const { settled } = admitted;
  const snapshot = store.snapshot();
  try {
    const find = (filter: Filter): Iterable<RowRecord> =>
      rowsOf(admitted.of(filter, { snapshot, settled }).rows, snapshot);
    const plan = new WritePlan(snapshot, store.dimension, store.nextOrdinal, find);
    const planned: Planned[] = [];
    const refused: Refused[] = [];
    for (const entry of group) {
      const { operation_id, write, version, deadline_ms } = entry.message;
      try {
        const done = recorded(snapshot, operation_id, clock.now());
        if (done) entry.answer(done);
        else if (clock.now() >= deadline_ms) throw tooLate();
        else planned.push({ entry, ids: plan.add(write, version) });
      } catch (error) {
        refused.push({ entry, error });
      }
    }
    return { plan, planned, refused };
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

/** The outcome of an operation that was applied, as long as it is remembered. */
export function recorded(
  snapshot: RowSnapshot,
  operationId: string,
  nowMs: number,
): WriteOutcome | undefined {
  const bytes = snapshot.operation(operationId, nowMs);
  return bytes && decodeOutcome(bytes);
}

function tooLate(): DvespError {
  return new DvespError("TIMEOUT", "the deadline passed before the write began");
}
