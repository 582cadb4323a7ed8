/**
 * One message to all replicas of a shard at once, and what each of them made of it. Replicas that are
 * being filled get it too, and do not count.
 */
import { DvespError, errorFromPlain } from "../../base/index.js";
import type { Refusal } from "../replica/replication-messages.js";
import { usable } from "../replicas/access.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import { Reach, lookMs } from "../replicas/reach.js";
import { Delivery } from "./delivery.js";
import type { Send } from "./delivery.js";
import { Signal } from "./signal.js";
import { wasSplit } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";

/** How long others are waited for once one has refused, unless whoever sends it has more to lose. */
const graceMsDefault = 30;

export type RoundEnd = "reached" | "refused" | "out_of_reach" | "late";

export interface Acknowledged<Answer> {
  readonly node: string;
  readonly answer: Answer;
}

export class Round<Answer> {
  readonly #parts: WriteParts;
  readonly #endMs: number;
  readonly #signal: Signal;
  readonly #deliveries: Delivery<Answer>[];
  readonly shard: ShardAccess;

  /** Sends at once: to this node's own replica first. Given up at `endMs` of monotonic time. */
  constructor(parts: WriteParts, shard: ShardAccess, send: Send<Answer>, endMs: number) {
    this.#parts = parts;
    this.#endMs = endMs;
    this.#signal = new Signal(parts.clock);
    this.shard = shard;
    this.#deliveries = shard.replicas.map((replica) => this.#deliver(replica, send));
  }

  get deliveries(): readonly Delivery<Answer>[] {
    return this.#deliveries;
  }

  /** What counted replicas answered that took it. */
  get done(): readonly Acknowledged<Answer>[] {
    return this.#counted().flatMap(({ replica, state }) =>
      state.kind === "done" ? [{ node: replica.place.node, answer: state.answer }] : [],
    );
  }

  get refusals(): readonly Refusal[] {
    return this.#deliveries.flatMap(({ state }) =>
      state.kind === "refused" ? [state.refusal] : [],
    );
  }

  /**
   * Waits until `needed` counted replicas have it; `refused` when too few can have it as it stands, so
   * that something else must be tried; `out_of_reach` when too few are alive, and have been for a while;
   * `late` at the deadline, or when all have said what they will. `graceMs`: how long those who are alive are
   * waited for then.
   */
  async until(needed: number, graceMs = graceMsDefault): Promise<RoundEnd> {
    const reached = (): boolean => this.done.length >= needed;
    const settled = (): boolean => this.#open().length === 0;
    const silent = (): boolean => this.#awaited().length === 0;
    const hindered = (): boolean => this.#isHindered(needed);
    const reach = new Reach(this.#parts.clock);
    const lost = (): boolean => reach.isLost(this.#isInReach(needed));
    const ended = (): boolean => reached() || settled() || hindered() || lost();
    await this.#signal.until(ended, this.#endMs, lookMs);
    if (!reached() && !settled() && hindered()) {
      const graceEndMs = Math.min(this.#endMs, this.#parts.clock.monotonic() + graceMs);
      await this.#signal.until(() => reached() || silent(), graceEndMs, lookMs);
    }
    if (reached()) return "reached";
    if (this.#parts.clock.monotonic() >= this.#endMs) return "late";
    if (this.#counted().some(({ state }) => state.kind === "refused")) return "refused";
    return settled() ? "late" : "out_of_reach";
  }

  /** Sends it no more to those who have not answered yet. */
  stop(): void {
    for (const delivery of this.#deliveries) delivery.stop();
  }

  /** Sends something else instead to some of the replicas. */
  replace(isReplaced: (delivery: Delivery<Answer>) => boolean, send: Send<Answer>): void {
    this.#deliveries.forEach((delivery, index) => {
      if (!isReplaced(delivery)) return;
      delivery.stop();
      this.#deliveries[index] = this.#deliver(delivery.replica, send);
    });
  }

  /** Waits for those who are alive, until the deadline; the replicas that did not take it. */
  async missing(): Promise<ReplicaAccess[]> {
    const open = (): Delivery<Answer>[] =>
      this.#deliveries.filter(({ state }) => state.kind !== "done");
    const waiting = (): boolean =>
      open().some(({ state, replica }) => state.kind === "under_way" && replica.isAlive());
    await this.#signal.until(() => !waiting(), this.#endMs);
    this.stop();
    return open().map(({ replica }) => replica);
  }

  /** Why a replica would not take it for a reason of its own, if one said so. */
  get failure(): DvespError | undefined {
    for (const { state } of this.#deliveries) {
      if (state.kind === "failed") return errorFromPlain(state.error);
    }
    return undefined;
  }

  /** Whether a replica has it, or may have it. */
  get isSomewhere(): boolean {
    return this.#deliveries.some(({ state, maybe }) => state.kind === "done" || maybe);
  }

  #isInReach(needed: number): boolean {
    return this.done.length + this.#awaited().length >= needed;
  }

  #isHindered(needed: number): boolean {
    const possible = this.done.length + this.#open().length;
    const refused = this.#counted().some(({ state }) => state.kind === "refused");
    return refused && (possible < needed || this.#awaited().length === 0);
  }

  /** Those that count and have not answered. */
  #open(): Delivery<Answer>[] {
    return this.#counted().filter(({ state }) => state.kind === "under_way");
  }

  /** Those of them that are alive, so that an answer may come. */
  #awaited(): Delivery<Answer>[] {
    return this.#open().filter(({ replica }) => replica.isAlive());
  }

  #counted(): Delivery<Answer>[] {
    return this.#deliveries.filter(({ replica }) => replica.place.state === "active");
  }

  #deliver(replica: ReplicaAccess, send: Send<Answer>): Delivery<Answer> {
    const { clock } = this.#parts;
    const changed = (): void => this.#signal.notify();
    const isGone = (): boolean => wasSplit(this.#parts, this.shard.shard.id);
    return new Delivery({ clock, replica, send, endMs: this.#endMs, isGone, changed });
  }
}

/** Errors: `NOT_ENOUGH_REPLICAS` when fewer are alive, and count, than must have it. */
export function checkAlive(access: ShardAccess, needed: number): void {
  if (usable(access).length < needed) throw notEnoughAlive(access, needed);
}

/** Of a write of which nothing is or will be stored. */
export function notEnoughAlive(access: ShardAccess, needed: number): DvespError {
  const alive = usable(access).length;
  return new DvespError(
    "NOT_ENOUGH_REPLICAS",
    `${alive} replicas of shard ${access.shard.id} are alive, and ${needed} must be`,
    { retry_after_ms: 1000 },
  );
}
