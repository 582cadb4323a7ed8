/**
 * What one commit is to do: changes of rows, records of replication and of operations, gathered piece by
 * piece, each piece judged by what those before it would leave. Nothing is changed here.
 */
import type { Operation, RowSnapshot, Tombstone } from "../../storage/index.js";
import type { WriteMessage, WriteOutcome } from "./messages.js";
import { decodeEnd, encodeEnd } from "./outcome-record.js";
import type { OperationEnd } from "./outcome-record.js";
import type { PlannedRows } from "./planned-rows.js";
import type { Aborted } from "./replication-messages.js";
import type { ReplicationPlan } from "./replication-plan.js";
import type { WritePlan } from "./write-plan.js";
import type { PlannedIds } from "./write-plan.js";

/** How long an operation without a caller's key is remembered. */
export const operationMs = 600_000;

/** What a piece of work is answered once its group is durable, with the Merkle root as of then. */
export type Done<Answer> = (root: string) => Answer;

/** What became of an operation, or will have with this group. */
export type KnownOperation =
  | { readonly version: string; readonly reply: Done<WriteOutcome> }
  | { readonly version: undefined; readonly reply: Done<Aborted> };

interface PlannedOperation {
  readonly known: KnownOperation;
  readonly expiresMs: number;
}

export class GroupPlan {
  readonly rows: PlannedRows;
  readonly writes: WritePlan;
  readonly replication: ReplicationPlan;
  readonly nowMs: number;
  readonly #snapshot: RowSnapshot;
  readonly #operations = new Map<string, PlannedOperation>();
  /** Taken over from another replica. */
  readonly #copied = new Map<string, Operation>();
  #newest = "";
  /** Nothing is news: all of it is copied from another replica of this node. */
  isCopy = false;

  constructor(
    snapshot: RowSnapshot,
    plans: { readonly writes: WritePlan; readonly replication: ReplicationPlan },
    nowMs: number,
  ) {
    this.#snapshot = snapshot;
    this.writes = plans.writes;
    this.rows = plans.writes.rows;
    this.replication = plans.replication;
    this.nowMs = nowMs;
  }

  /** Whether there is nothing to commit. */
  get isEmpty(): boolean {
    return !this.isWrite && this.replication.isEmpty;
  }

  /** Whether rows change, or an operation ends. */
  get isWrite(): boolean {
    return this.isCopy || this.#operations.size > 0 || this.#changesRows();
  }

  #changesRows(): boolean {
    if (this.rows.columnRows > 0) return true;
    for (const { before, after, beforeTombstone, afterTombstone } of this.rows.singles) {
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
    if (planned) return planned.known;
    const ended = recorded(this.#snapshot, operationId, this.nowMs);
    if (!ended) return undefined;
    if ("aborted" in ended) return { version: undefined, reply: () => ended };
    return { version: ended.version, reply: () => ended };
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
    const reply = (root: string): WriteOutcome => ({ version, ids, missing, root });
    this.#record(operation_id, { version, reply }, remember_ms);
    this.saw(version);
    return reply;
  }

  /** Remembers that an operation will never be applied. */
  recordAbort(operationId: string, rememberMs: number | undefined): Done<Aborted> {
    const reply = (): Aborted => ({ aborted: true });
    this.#record(operationId, { version: undefined, reply }, rememberMs);
    return reply;
  }

  /** As the last commit left them. */
  tombstones(after: Uint8Array | undefined): Iterable<Tombstone> {
    return this.#snapshot.tombstones(after);
  }

  /** The records of operations and registers, given the Merkle root after the group. */
  operations(root: string): Operation[] {
    const operations = [...this.#operations].map(([key, { known, expiresMs }]) => ({
      key,
      expiresMs,
      value: encodeEnd(known.reply(root)),
    }));
    return [...operations, ...this.#copied.values(), ...this.replication.registerRecords()];
  }

  /** Remembers what another replica remembers. */
  putOperation(operation: Operation): void {
    this.#copied.set(operation.key, operation);
  }

  /** Names of the operations and registers that the group leaves records of. */
  get operationKeys(): string[] {
    const registers = this.replication.registerRecords().map(({ key }) => key);
    return [...this.#operations.keys(), ...this.#copied.keys(), ...registers];
  }

  #record(operationId: string, known: KnownOperation, rememberMs = operationMs): void {
    this.#operations.set(operationId, { known, expiresMs: this.nowMs + rememberMs });
  }
}

/** How an operation ended, as long as it is remembered. */
export function recorded(
  snapshot: RowSnapshot,
  operationId: string,
  nowMs: number,
): OperationEnd | undefined {
  const bytes = snapshot.operation(operationId, nowMs);
  return bytes && decodeEnd(bytes);
}
