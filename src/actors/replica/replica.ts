/**
 * The only writer of one shard's data on this node: it makes writes durable, then visible.
 *
 * A commit goes: rows into shared memory and published (scans may read them, but nobody believes in
 * a row that storage does not know), storage commit (durable, and visible to readers in one step),
 * rows released to the index builder, answer. A commit that failed takes its rows back.
 */
import { DvespError, toDvespError } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import { MerkleTree } from "../../consistency/index.js";
import type { SharedRows } from "../../index/index.js";
import type { RowStore } from "../../storage/index.js";
import { advanceTree, commitBatch, deadOrdinals, revertTree } from "./commit-batch.js";
import type { OperationRecord } from "./commit-batch.js";
import type { ReplicaStatus, WriteMessage, WriteOutcome } from "./messages.js";
import { decodeOutcome, encodeOutcome } from "./outcome-record.js";
import { WritePlan } from "./write-plan.js";
import type { PlannedIds } from "./write-plan.js";
import { WriteQueue } from "./write-queue.js";
import type { Waiting } from "./write-queue.js";

/** How long rows stay readable for searches that began before a commit replaced them. */
const graceMs = 10_000;
/** How long an operation without a caller's key is remembered. */
const operationMs = 600_000;

export interface ReplicaParts {
  readonly store: RowStore;
  readonly rows: SharedRows;
  readonly tree: MerkleTree;
  readonly clock: Clock;
  /** Makes room in shared memory for `count` rows in all; every reader knows it afterwards. */
  readonly reserve: (count: number) => Promise<void>;
  /** Called after each commit, when it is durable and visible. */
  readonly committed: (plan: WritePlan, version: string) => void;
  /** Storage can no longer be trusted: the actor must start anew. */
  readonly fail: (error: unknown) => void;
}

interface Planned {
  readonly entry: Waiting<WriteOutcome>;
  readonly ids: PlannedIds;
}

export class Replica {
  readonly #parts: ReplicaParts;
  readonly #queue = new WriteQueue<WriteOutcome>();
  readonly #underWay = new Map<string, Promise<WriteOutcome>>();
  #committing = false;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
  }

  /** Applies a write once, however often it is asked for. Rejects with why it was refused. */
  write(message: WriteMessage): Promise<WriteOutcome> {
    const known = this.#underWay.get(message.operation_id);
    if (known) return known;
    const outcome = new Promise<WriteOutcome>((answer, refuse) =>
      this.#queue.push({ message, answer, refuse }),
    );
    const forget = (): void => void this.#underWay.delete(message.operation_id);
    outcome.then(forget, forget);
    this.#underWay.set(message.operation_id, outcome);
    void this.#drain();
    return outcome;
  }

  /** The outcome of an operation, waiting for one under way; undefined if it was never applied. */
  async outcome(operationId: string): Promise<WriteOutcome | undefined> {
    const known = this.#underWay.get(operationId);
    return known ? known.catch(() => undefined) : this.#recorded(operationId);
  }

  status(): ReplicaStatus {
    const { store, rows, tree } = this.#parts;
    return {
      rows: store.rows,
      next_ordinal: store.nextOrdinal,
      applied_version: store.appliedVersion,
      root: tree.root(),
      bytes: { ...store.bytes(), vectors_memory: rows.bytes },
    };
  }

  /** Waits for the commit under way and closes storage; writes still waiting are refused. */
  async close(): Promise<void> {
    while (this.#queue.length > 0) {
      for (const { refuse } of this.#queue.takeGroup())
        refuse(new DvespError("CLOSED", "stopping"));
    }
    await Promise.allSettled(this.#underWay.values());
    await this.#parts.store.close();
  }

  async #drain(): Promise<void> {
    if (this.#committing) return;
    this.#committing = true;
    try {
      while (this.#queue.length > 0) await this.#commitGroup(this.#queue.takeGroup());
    } catch (error) {
      this.#parts.fail(error);
    } finally {
      this.#committing = false;
    }
  }

  async #commitGroup(group: readonly Waiting<WriteOutcome>[]): Promise<void> {
    const { store } = this.#parts;
    const snapshot = store.snapshot();
    let plan: WritePlan;
    let planned: Planned[];
    try {
      plan = new WritePlan(snapshot, store.dimension, store.nextOrdinal);
      planned = group.flatMap((entry) => this.#plan(plan, entry));
    } finally {
      snapshot.release();
    }
    if (planned.length === 0) return;
    try {
      const outcomes = await this.#commit(plan, planned);
      planned.forEach(({ entry }, index) => entry.answer(outcomes[index] as WriteOutcome));
    } catch (error) {
      const refusal = toDvespError(error);
      // Whether it is durable only a replica that opens storage anew can say: nobody is answered.
      if (refusal.code === "INTERNAL" || refusal.code === "CLOSED") throw error;
      for (const { entry } of planned) entry.refuse(refusal);
    }
  }

  /** Adds one write to the plan; one that is answered or refused already adds nothing. */
  #plan(plan: WritePlan, entry: Waiting<WriteOutcome>): Planned[] {
    const { message, answer, refuse } = entry;
    try {
      const done = this.#recorded(message.operation_id);
      if (!done) return [{ entry, ids: plan.add(message.write, message.version) }];
      answer(done);
    } catch (error) {
      refuse(error);
    }
    return [];
  }

  async #commit(plan: WritePlan, planned: readonly Planned[]): Promise<WriteOutcome[]> {
    const { store, rows, tree, clock } = this.#parts;
    await this.#parts.reserve(plan.nextOrdinal);
    rows.write(plan.firstOrdinal, plan.vectors());
    rows.publish(plan.nextOrdinal);
    advanceTree(tree, plan);
    const root = tree.root();
    const outcomes = planned.map(({ entry, ids }) => ({
      version: entry.message.version,
      ids: ids.ids,
      missing: ids.missing,
      root,
    }));
    const nowMs = clock.now();
    const operations = planned.map(({ entry }, index) =>
      operationRecord(entry.message, outcomes[index] as WriteOutcome, nowMs),
    );
    const version = newest(planned, store.appliedVersion);
    try {
      await store.commit(commitBatch(plan, tree, operations, { version, nowMs }));
    } catch (error) {
      revertTree(tree, plan);
      rows.truncate(plan.firstOrdinal);
      throw error;
    }
    this.#afterCommit(plan, version);
    return outcomes;
  }

  #afterCommit(plan: WritePlan, version: string): void {
    const { rows, clock } = this.#parts;
    rows.commit(plan.nextOrdinal);
    const dead = deadOrdinals(plan);
    if (dead.length > 0) clock.after(graceMs, () => dead.forEach((one) => rows.markDead(one)));
    this.#parts.committed(plan, version);
  }

  #recorded(operationId: string): WriteOutcome | undefined {
    const snapshot = this.#parts.store.snapshot();
    try {
      const bytes = snapshot.operation(operationId, this.#parts.clock.now());
      return bytes && decodeOutcome(bytes);
    } finally {
      snapshot.release();
    }
  }
}

function operationRecord(
  message: WriteMessage,
  outcome: WriteOutcome,
  nowMs: number,
): OperationRecord {
  const expiresMs = nowMs + (message.remember_ms ?? operationMs);
  return { key: message.operation_id, expiresMs, value: encodeOutcome(outcome) };
}

function newest(planned: readonly Planned[], applied: string): string {
  return planned.reduce(
    (best, { entry }) => (entry.message.version > best ? entry.message.version : best),
    applied,
  );
}
