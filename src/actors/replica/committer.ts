/**
 * Brings what a replica is to change to the disk, one group at a time: durable, then visible.
 *
 * A commit goes: vectors on their way to the disk, and into shared memory meanwhile; rows published
 * once their vectors are durable (scans may read them, but nobody believes in a row that storage does
 * not know), storage commit (durable, and visible to readers in one step), rows released to the index
 * builder, answer. A commit that failed takes back what it had published: that makes searches under
 * way begin again, so what is refused for want of room is refused before.
 */
import { DvespError, toDvespError } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { MerkleTree } from "../../consistency/index.js";
import type { SharedRows } from "../../index/index.js";
import type { AdmittedRows, ChangeLog } from "../../payload/index.js";
import type { Operation, RowStore } from "../../storage/index.js";
import {
  advanceTree,
  changedOrdinals,
  commitBatch,
  deadOrdinals,
  revertTree,
} from "./commit-batch.js";
import { WriteQueue } from "./write-queue.js";
import type { Waiting, Work } from "./write-queue.js";
import { GroupPace } from "./group-pace.js";
import { planGroup } from "./plan-group.js";
import type { GroupPlan } from "./group-plan.js";
import type { PlannedRows } from "./planned-rows.js";
import type { ReplicaMemory } from "./replica-memory.js";
import type { ReplicationPlan } from "./replication-plan.js";
import { MemoryAhead } from "./memory-ahead.js";
import { Upkeep } from "./upkeep.js";

/** How long rows stay readable for searches that began before a commit replaced them. */
const graceMs = 60_000;

export interface CommitterParts {
  readonly store: RowStore;
  readonly rows: SharedRows;
  readonly tree: MerkleTree;
  readonly memory: ReplicaMemory;
  /** Told of every change before it is committed. */
  readonly changes: ChangeLog;
  /** For deletes by filter. */
  readonly admitted: AdmittedRows;
  readonly clock: Clock;
  /** Makes room in shared memory for `count` rows in all; every reader knows it afterwards. */
  readonly reserve: (count: number) => Promise<void>;
  /** Called after each commit of work, when it is durable and visible. */
  readonly committed: (plan: GroupPlan) => void;
  /** Called after rows were moved to new ordinals, without being changed. */
  readonly moved: (rows: PlannedRows) => void;
  /** Storage can no longer be trusted: the actor must start anew. */
  readonly fail: (error: unknown) => void;
}

/** What one commit holds. */
interface Commit {
  readonly rows: PlannedRows;
  readonly newest: string;
  readonly replication?: ReplicationPlan;
  operations(root: string): readonly Operation[];
}

export class Committer {
  readonly #parts: CommitterParts;
  readonly #queue = new WriteQueue();
  readonly #upkeep: Upkeep;
  readonly #ahead: MemoryAhead;
  readonly #pace = new GroupPace();
  /** Ends the wait for company. */
  #goOn: (() => void) | undefined;
  #working = false;
  /** Settles when the last work begun has ended. */
  #ended: Promise<void> | undefined;
  #root: string;

  constructor(parts: CommitterParts) {
    this.#parts = parts;
    this.#root = parts.tree.root();
    const { store, rows, clock } = parts;
    this.#ahead = new MemoryAhead(parts);
    this.#upkeep = new Upkeep({
      ...{ store, rows, clock },
      commit: (moved) => this.#commit({ rows: moved, newest: "", operations: () => [] }),
      wake: () => this.#drain(),
    });
  }

  /** The Merkle root as of the last commit. */
  get root(): string {
    return this.#root;
  }

  /** Does the work in one of the next commits. Rejects with why it was refused. */
  do<Answer>(work: Work<Answer>): Promise<Answer> {
    const answer = this.#queue.add(work);
    if (this.#pace.isEnough(this.#queue.length)) this.#goOn?.();
    this.#drain();
    return answer;
  }

  /** Waits for the commit under way; work still waiting is refused. */
  async close(): Promise<void> {
    while (this.#queue.length > 0) {
      for (const { refuse } of this.#queue.takeGroup())
        refuse(new DvespError("CLOSED", "stopping"));
    }
    this.#upkeep.stop();
    this.#ahead.stop();
    this.#goOn?.();
    await this.#ended;
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
        await this.#gather();
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

  /** Waits a moment for more to commit in one go, where more is to be expected. */
  async #gather(): Promise<void> {
    const { clock } = this.#parts;
    const waiting = this.#queue.length;
    const waitMs = waiting === 0 ? 0 : this.#pace.waitMs(waiting, clock.monotonic());
    if (waitMs === 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.after(waitMs, resolve);
      this.#goOn = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#goOn = undefined;
  }

  /** False when it failed. */
  async #commitOrMove(): Promise<boolean> {
    const group = this.#queue.takeGroup();
    if (group.length > 0) return this.#commitGroup(group);
    const moved = await this.#upkeep.move();
    if (moved) this.#parts.moved(moved);
    return true;
  }

  /** Whether storage can be trusted, and goes on, is for a new actor to find out. */
  #fail(error: unknown): void {
    this.#upkeep.stop();
    this.#ahead.stop();
    this.#parts.fail(error);
  }

  /** False when the group failed as a whole. */
  async #commitGroup(group: readonly Waiting[]): Promise<boolean> {
    const { clock } = this.#parts;
    const beganMs = clock.monotonic();
    const { plan, ready, refused } = planGroup(this.#parts, group, clock.now());
    try {
      if (!plan.isEmpty) await this.#commit(plan);
      this.#pace.committed(group.length, beganMs, clock.monotonic());
      for (const { answer } of ready) answer(this.#root);
      for (const { waiting, error } of refused) waiting.refuse(error);
    } catch (error) {
      const refusal = toDvespError(error);
      // Whether it is durable only a replica that opens storage anew can say: it ends, and nobody is
      // answered, before the promises are settled.
      if (refusal.code === "INTERNAL" || refusal.code === "CLOSED") this.#fail(error);
      // A refusal may rest on what did not come to be: it goes the same way.
      for (const { waiting } of [...ready, ...refused]) waiting.refuse(refusal);
      return false;
    }
    if (!plan.isEmpty) this.#parts.committed(plan);
    return true;
  }

  async #commit(commit: Commit): Promise<void> {
    const { store, rows, tree, clock, changes } = this.#parts;
    const plan = commit.rows;
    await this.#parts.reserve(plan.nextOrdinal);
    store.stageVectors(plan.vectors());
    rows.write(plan.firstOrdinal, plan.vectors());
    advanceTree(tree, plan);
    const root = tree.root();
    const applied = commit.newest > store.appliedVersion ? commit.newest : store.appliedVersion;
    changes.begin(changedOrdinals(plan));
    try {
      const version = { version: applied, nowMs: clock.now() };
      const batch = commitBatch(plan, tree, commit.operations(root), version);
      const replication = commit.replication?.batch(plan);
      await store.commit({ ...batch, ...replication }, () => rows.publish(plan.nextOrdinal));
    } catch (error) {
      revertTree(tree, plan);
      if (rows.written > plan.firstOrdinal) rows.truncate(plan.firstOrdinal);
      throw error;
    }
    changes.settle();
    commit.replication?.commit();
    this.#afterCommit(plan);
    this.#root = root;
  }

  #afterCommit(plan: PlannedRows): void {
    const { rows, clock } = this.#parts;
    rows.commit(plan.nextOrdinal);
    this.#ahead.committed(plan.nextOrdinal - plan.firstOrdinal);
    const dead = deadOrdinals(plan);
    if (dead.length > 0) clock.after(graceMs, () => dead.forEach((one) => rows.markDead(one)));
  }
}
