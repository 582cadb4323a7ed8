/**
 * What a group of waiting work comes to, judged against one snapshot and the work before it: one plan
 * for all that can be done, and the refusals of the rest. Nothing is changed here.
 */
import type { AdmittedRows } from "../../payload/index.js";
import type { Filter } from "../../protocol/index.js";
import type { Operation, RowRecord, RowSnapshot, RowStore } from "../../storage/index.js";
import type { Done, Waiting } from "./write-queue.js";
import type { WriteMessage, WriteOutcome } from "./messages.js";
import { decodeOutcome, encodeOutcome } from "./outcome-record.js";
import { PlannedRows } from "./planned-rows.js";
import { WritePlan } from "./write-plan.js";
import type { PlannedIds } from "./write-plan.js";

/** How long an operation without a caller's key is remembered. */
const operationMs = 600_000;

export interface PlanningParts {
  readonly store: RowStore;
  /** For deletes by filter. */
  readonly admitted: AdmittedRows;
}

/** What became of an operation, or will have with this group. */
export interface KnownOperation {
  readonly version: string;
  readonly outcome: Done<WriteOutcome>;
}

interface PlannedOperation extends KnownOperation {
  readonly expiresMs: number;
}

export class GroupPlan {
  readonly rows: PlannedRows;
  readonly writes: WritePlan;
  readonly nowMs: number;
  readonly #snapshot: RowSnapshot;
  readonly #operations = new Map<string, PlannedOperation>();
  #newest = "";

  constructor(snapshot: RowSnapshot, writes: WritePlan, nowMs: number) {
    this.#snapshot = snapshot;
    this.writes = writes;
    this.rows = writes.rows;
    this.nowMs = nowMs;
  }

  /** Whether there is nothing to commit. */
  get isEmpty(): boolean {
    return this.#operations.size === 0 && !this.changesRows;
  }

  get changesRows(): boolean {
    for (const { before, after, beforeTombstone, afterTombstone } of this.rows.changes) {
      if (before !== after || beforeTombstone !== afterTombstone) return true;
    }
    return false;
  }

  /** The largest version that the group brought. */
  get newest(): string {
    return this.#newest;
  }

  saw(version: string): void {
    if (version > this.#newest) this.#newest = version;
  }

  known(operationId: string): KnownOperation | undefined {
    const planned = this.#operations.get(operationId);
    if (planned) return planned;
    const outcome = recorded(this.#snapshot, operationId, this.nowMs);
    return outcome && { version: outcome.version, outcome: () => outcome };
  }

  /** Remembers what becomes of an operation, in the commit of what it does. */
  record(
    {
      operation_id,
      version,
      remember_ms,
    }: Pick<WriteMessage, "operation_id" | "version" | "remember_ms">,
    { ids, missing }: PlannedIds,
  ): Done<WriteOutcome> {
    const outcome = (root: string): WriteOutcome => ({ version, ids, missing, root });
    const expiresMs = this.nowMs + (remember_ms ?? operationMs);
    this.#operations.set(operation_id, { version, outcome, expiresMs });
    this.saw(version);
    return outcome;
  }

  /** The records of the operations, given the Merkle root after the group. */
  operations(root: string): Operation[] {
    return [...this.#operations].map(([key, { outcome, expiresMs }]) => ({
      key,
      expiresMs,
      value: encodeOutcome(outcome(root)),
    }));
  }
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
  { store, admitted }: PlanningParts,
  group: readonly Waiting[],
  nowMs: number,
): PlannedGroup {
  const { settled } = admitted;
  const snapshot = store.snapshot();
  try {
    const find = (filter: Filter): Iterable<RowRecord> =>
      rowsOf(admitted.of(filter, { snapshot, settled }).rows, snapshot);
    const rows = new PlannedRows(snapshot, store.dimension, store.nextOrdinal);
    const plan = new GroupPlan(snapshot, new WritePlan(rows, find), nowMs);
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

/** The outcome of an operation that was applied, as long as it is remembered. */
export function recorded(
  snapshot: RowSnapshot,
  operationId: string,
  nowMs: number,
): WriteOutcome | undefined {
  const bytes = snapshot.operation(operationId, nowMs);
  return bytes && decodeOutcome(bytes);
}
