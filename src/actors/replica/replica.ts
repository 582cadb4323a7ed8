/**
 * The only writer of one shard's data on this node: it makes writes durable, then visible.
 *
 * A commit goes: vectors on their way to the disk, and into shared memory meanwhile; rows published
 * once their vectors are durable (scans may read them, but nobody believes in a row that storage does
 * not know), storage commit (durable, and visible to readers in one step), rows released to the index
 * builder, answer. A commit that failed takes back what it had published: that makes searches under
 * way begin again, so what is refused for want of room is refused before.
 */
import { DvespError, toDvespError } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import { MerkleTree } from "../../consistency/index.js";
import type { SharedRows } from "../../index/index.js";
import type { AdmittedRows, ChangeLog } from "../../payload/index.js";
import type { RowStore } from "../../storage/index.js";
import {
  advanceTree,
  changedOrdinals,
  commitBatch,
  deadOrdinals,
  revertTree,
} from "./commit-batch.js";
import type { OperationRecord } from "./commit-batch.js";
import type { ReplicaStatus, WriteMessage, WriteOutcome } from "./messages.js";
import { encodeOutcome } from "./outcome-record.js";
import { planGroup, recorded } from "./plan-group.js";
import type { Planned } from "./plan-group.js";
import { Upkeep } from "./upkeep.js";
import type { WritePlan } from "./write-plan.js";
import { WriteQueue } from "./write-queue.js";
import type { Waiting } from "./write-queue.js";

/** How long rows stay readable for searches that began before a commit replaced them. */
const graceMs = 60_000;
/** How long an operation without a caller's key is remembered. */
const operationMs = 600_000;

export interface ReplicaParts {
  readonly store: RowStore;
  readonly rows: SharedRows;
  readonly tree: MerkleTree;
  /** Told of every change before it is committed. */
  readonly changes: ChangeLog;
  /** For deletes by filter. */
  readonly admitted: AdmittedRows;
  readonly clock: Clock;
  /** Makes room in shared memory for `count` rows in all; every reader knows it afterwards. */
  readonly reserve: (count: number) => Promise<void>;
  /** Called after each commit, when it is durable and visible. */
  readonly committed: (plan: WritePlan, version: string) => void;
  /** Called after rows were moved to new ordinals, without being changed. */
  readonly moved: () => void;
  /** Storage can no longer be trusted: the actor must start anew. */
  readonly fail: (error: unknown) => void;
}

export class Replica {
  readonly #parts: ReplicaParts;
  readonly #queue = new WriteQueue<WriteOutcome>();
  readonly #upkeep: Upkeep;
  readonly #underWay = new Map<string, Promise<WriteOutcome>>();
  #working = false;
  /** Settles when the last work begun has ended. */
  #ended: Promise<void> | undefined;
  /** As of the last commit. */
  #root: string;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
    this.#root = parts.tree.root();
    const { store, rows, clock } = parts;
    this.#upkeep = new Upkeep({
      ...{ store, rows, clock },
      commit: (plan) => this.#commit(plan, []),
      wake: () => this.#drain(),
    });
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
    this.#drain();
    return outcome;
  }

  /** The outcome of an operation, waiting for one under way; undefined if it was never applied. */
  async outcome(operationId: string): Promise<WriteOutcome | undefined> {
    const known = this.#underWay.get(operationId);
    if (known) return known.catch(() => undefined);
    const snapshot = this.#parts.store.snapshot();
    try {
      return recorded(snapshot, operationId, this.#parts.clock.now());
    } finally {
      snapshot.release();
    }
  }

  status(): ReplicaStatus {
    const { store, rows } = this.#parts;
    return {
      rows: store.rows,
      next_ordinal: store.nextOrdinal,
      applied_version: store.appliedVersion,
      root: this.#root,
      bytes: { ...store.bytes(), vectors_memory: rows.bytes },
    };
  }

  /** Waits for the commit under way and closes storage; writes still waiting are refused. */
  async close(): Promise<void> {
    while (this.#queue.length > 0) {
      for (const { refuse } of this.#queue.takeGroup())
        refuse(new DvespError("CLOSED", "stopping"));
    }
    this.#upkeep.stop();
    await Promise.allSettled(this.#underWay.values());
    await this.#ended;
    await this.#parts.store.close();
  }

  #drain(): void {
    if (this.#working) return;
    this.#working = true;
    this.#ended = this.#work().catch((error: unknown) => this.#fail(error));
  }

  /** Commits what waits, in groups; without anything waiting, moves rows. */
  async #work(): Promise<void> {
    try {
      do {
        const before = this.#parts.store.nextOrdinal;
        const done = await this.#commitOrMove();
        const newRows = this.#parts.store.nextOrdinal - before;
        if (done) await this.#upkeep.run(newRows, () => this.#queue.length > 0);
      } while (this.#queue.length > 0);
      this.#upkeep.pause();
    } finally {
      // In the turn that found nothing waiting: what comes later begins anew.
      this.#working = false;
    }
  }

  /** False when it failed. */
  async #commitOrMove(): Promise<boolean> {
    const group = this.#queue.takeGroup();
    if (group.length > 0) return this.#commitGroup(group);
    if ((await this.#upkeep.move()) > 0) this.#parts.moved();
    return true;
  }

  /** Whether storage can be trusted, and goes on, is for a new actor to find out. */
  #fail(error: unknown): void {
    this.#upkeep.stop();
    this.#parts.fail(error);
  }

  /** False when the group failed as a whole. */
  async #commitGroup(group: readonly Waiting<WriteOutcome>[]): Promise<boolean> {
    const { plan, planned, refused } = planGroup(this.#parts, group);
    try {
      const outcomes = planned.length === 0 ? [] : await this.#commit(plan, planned);
      planned.forEach(({ entry }, index) => entry.answer(outcomes[index] as WriteOutcome));
      for (const { entry, error } of refused) entry.refuse(error);
    } catch (error) {
      const refusal = toDvespError(error);
      // Whether it is durable only a replica that opens storage anew can say: it ends, and nobody is
      // answered, before the promises are settled.
      if (refusal.code === "INTERNAL" || refusal.code === "CLOSED") this.#fail(error);
      // A refusal may rest on what did not come to be: it goes the same way.
      for (const { entry } of [...planned, ...refused]) entry.refuse(refusal);
      return false;
    }
    if (planned.length > 0) this.#parts.committed(plan, this.#parts.store.appliedVersion);
    return true;
  }

  async #commit(plan: WritePlan, planned: readonly Planned[]): Promise<WriteOutcome[]> {
    const { store, rows, tree, clock, changes } = this.#parts;
    await this.#parts.reserve(plan.nextOrdinal);
    store.stageVectors(plan.vectors());
    rows.write(plan.firstOrdinal, plan.vectors());
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
    changes.begin(changedOrdinals(plan));
    try {
      const batch = commitBatch(plan, tree, operations, { version, nowMs });
      await store.commit(batch, () => rows.publish(plan.nextOrdinal));
    } catch (error) {
      revertTree(tree, plan);
      if (rows.written > plan.firstOrdinal) rows.truncate(plan.firstOrdinal);
      throw error;
    }
    changes.settle();
    this.#afterCommit(plan);
    this.#root = root;
    return outcomes;
  }

  #afterCommit(plan: WritePlan): void {
    const { rows, clock } = this.#parts;
    rows.commit(plan.nextOrdinal);
    const dead = deadOrdinals(plan);
    if (dead.length > 0) clock.after(graceMs, () => dead.forEach((one) => rows.markDead(one)));
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
