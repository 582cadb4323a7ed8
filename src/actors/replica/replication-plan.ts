/**
 * What a group changes of promises, staged batches, registers and standing: pure, over the replica's
 * memory and a snapshot. Later work of the group sees the earlier.
 *
 * Invariant: a promise goes with the first row or tombstone of its id that is not older than its ballot.
 */
import type { CommitBatch, IdPromise, Operation, RowSnapshot, Stage } from "../../storage/index.js";
import { Overlay } from "./overlay.js";
import { idAt, idCount, idOfKey, keyOf } from "./packed-rows.js";
import type { PlannedRows } from "./planned-rows.js";
import { decodeRegister, encodeRegister, registerName } from "./register-record.js";
import type { ReplicaMemory } from "./replica-memory.js";
import type { RegisterState } from "./replication-messages.js";
import { versionAfter } from "./row-change.js";
import { decodeBody, encodeInfo } from "./staged-write.js";
import type { HeldStage } from "./staged-write.js";
import { encodeStanding } from "./standing.js";
import type { Standing } from "./standing.js";
import type { BlindWrite } from "./write-plan.js";

/** Promises kept one by one; when there are more, the oldest become part of the floor. */
const promisesMax = 250_000;

export class ReplicationPlan {
  readonly memory: ReplicaMemory;
  readonly #snapshot: RowSnapshot;
  readonly #nowMs: number;
  readonly promises: Overlay<IdPromise>;
  readonly stages: Overlay<HeldStage>;
  /** Bodies of batches staged by this group. */
  readonly #bodies = new Map<string, Uint8Array>();
  readonly #registers = new Map<string, RegisterState>();
  #standing: Standing;

  constructor(memory: ReplicaMemory, snapshot: RowSnapshot, nowMs: number) {
    this.memory = memory;
    this.#snapshot = snapshot;
    this.#nowMs = nowMs;
    this.promises = new Overlay(memory.promises);
    this.stages = new Overlay(memory.stages);
    this.#standing = memory.standing;
  }

  get isEmpty(): boolean {
    const { promises, stages } = this;
    const isKept = promises.changes.size === 0 && stages.changes.size === 0;
    return isKept && this.#registers.size === 0 && this.#standing === this.memory.standing;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Raises what is given, where it is larger: nothing of a standing ever goes back. */
  raise(given: Partial<Standing>): void {
    const now = this.#standing;
    const { epoch = 0, floor = "", ballots = "", converged = "", dropped = "" } = given;
    const raised = {
      epoch: Math.max(epoch, now.epoch),
      floor: larger(floor, now.floor),
      ballots: larger(ballots, now.ballots),
      converged: larger(converged, now.converged),
      dropped: larger(dropped, now.dropped),
    };
    const names = Object.keys(raised) as (keyof Standing)[];
    if (names.some((name) => raised[name] !== now[name])) this.#standing = raised;
  }

  /** The largest ballot promised for any of the ids; "" for none. */
  newestPromise(ids: Uint8Array): string {
    let newest = "";
    if (this.promises.isEmpty) return newest;
    for (let index = 0; index < idCount(ids); index++) {
      const promise = this.promises.get(keyOf(idAt(ids, index)));
      if (promise && promise.ballot > newest) newest = promise.ballot;
    }
    return newest;
  }

  /** Operations of the staged batches that hold any of the ids. */
  stagesHolding(ids: Uint8Array): string[] {
    if (this.stages.isEmpty) return [];
    const keys = Array.from({ length: idCount(ids) }, (_, index) => keyOf(idAt(ids, index)));
    const names = new Set([...this.memory.stages.keys(), ...this.stages.changes.keys()]);
    return [...names].filter((name) => {
      const held = this.stages.get(name)?.ids;
      return held !== undefined && keys.some((key) => held.has(key));
    });
  }

  stage(operation: string, held: HeldStage, body: Uint8Array): void {
    this.stages.set(operation, held);
    this.#bodies.set(operation, body);
  }

  unstage(operation: string): void {
    this.stages.set(operation, undefined);
    this.#bodies.delete(operation);
  }

  /** What a staged batch, which is there, would do. Errors: `DATA_CORRUPTED`. */
  stagedWrite(operation: string): BlindWrite {
    const body = this.#bodies.get(operation) ?? this.#snapshot.stage(operation)?.body;
    return decodeBody(body ?? new Uint8Array(0));
  }

  register(key: string): RegisterState | undefined {
    const planned = this.#registers.get(key);
    if (planned) return planned;
    const name = registerName(key);
    for (const operation of this.#snapshot.operations(name, "", this.#nowMs)) {
      return operation.key === name ? decodeRegister(operation) : undefined;
    }
    return undefined;
  }

  putRegister(register: RegisterState): void {
    this.#registers.set(register.key, register);
  }

  registerRecords(): Operation[] {
    return [...this.#registers.values()].map(encodeRegister);
  }

  /** What is to be stored, given the rows that the group changes. */
  batch(rows: PlannedRows): Pick<CommitBatch, "promises" | "stages" | "standing"> {
    this.#settlePromises(rows);
    this.#foldPromises();
    return {
      promises: [...this.promises.changes].map(([key, promise]) => ({
        id: promise?.id ?? idOfKey(key),
        promise,
      })),
      stages: [...this.stages.changes].map(([operation, held]) => ({
        operation,
        stage: held && this.#stored(operation, held),
      })),
      ...(this.#standing !== this.memory.standing && { standing: encodeStanding(this.#standing) }),
    };
  }

  /** Once all of it is durable. */
  commit(): void {
    this.promises.commit();
    this.stages.commit();
    this.memory.standing = this.#standing;
  }

  #stored(operation: string, held: HeldStage): Stage {
    return { info: encodeInfo(held), body: this.#bodies.get(operation) ?? new Uint8Array(0) };
  }

  #settlePromises(rows: PlannedRows): void {
    if (this.promises.isEmpty) return;
    for (const change of rows.changes) {
      const version = versionAfter(change);
      const key = keyOf(change.id);
      const promise = this.promises.get(key);
      if (promise && version !== undefined && version >= promise.ballot) {
        this.promises.set(key, undefined);
      }
    }
  }

  /** The floor says at least as much of an id as its promise did, and what it takes does not grow. */
  #foldPromises(): void {
    if (this.memory.promises.size + this.promises.changes.size <= promisesMax) return;
    const byBallot = [...this.promises.values()].sort((a, b) => (a.ballot < b.ballot ? -1 : 1));
    const folded = byBallot.slice(0, byBallot.length - Math.floor(promisesMax / 2));
    for (const { id } of folded) this.promises.set(keyOf(id), undefined);
    const last = folded.at(-1);
    if (last) this.raise({ floor: last.ballot });
  }
}

function larger(a: string, b: string): string {
  return a > b ? a : b;
}
