/**
 * One message on its way to one replica, again and again until the replica has said what it did with it,
 * or nobody wants it delivered any more. What was asked may be asked again: replicas apply an operation once.
 */
import { sleep } from "../../base/index.js";
import type { Clock, PlainError } from "../../base/index.js";
import type { AskResult } from "../../runtime/index.js";
import type { Refusal } from "../replica/replication-messages.js";
import type { ReplicaAccess } from "../replicas/access.js";

export type DeliveryState<Answer> =
  | { readonly kind: "under_way" }
  | { readonly kind: "done"; readonly answer: Answer }
  /** Nothing of it is there, and why. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "failed"; readonly error: PlainError }
  /** Given up. */
  | { readonly kind: "ended" };

export type Send<Answer> = (
  replica: ReplicaAccess,
  timeoutMs: number,
) => Promise<AskResult<Answer | Refusal>>;

export interface DeliveryParts<Answer> {
  readonly clock: Clock;
  readonly replica: ReplicaAccess;
  readonly send: Send<Answer>;
  /** Monotonic time at which it is given up. */
  readonly endMs: number;
  /** Whether its shard is no more: refused then, as by a map that is newer. */
  readonly isGone: () => boolean;
  readonly changed: () => void;
}

const retryMs = 10;
const deadRetryMs = 50;

export class Delivery<Answer> {
  readonly #parts: DeliveryParts<Answer>;
  #state: DeliveryState<Answer> = { kind: "under_way" };
  #maybe = false;
  #stopped = false;

  constructor(parts: DeliveryParts<Answer>) {
    this.#parts = parts;
    void this.#run();
  }

  get replica(): ReplicaAccess {
    return this.#parts.replica;
  }

  get state(): DeliveryState<Answer> {
    return this.#state;
  }

  /** Whether the replica may have taken it without our having heard so. */
  get maybe(): boolean {
    return this.#maybe;
  }

  /** Sends it no more; what is under way may still be answered. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    while (this.#state.kind === "under_way") {
      const restMs = this.#parts.endMs - this.#parts.clock.monotonic();
      if (this.#stopped || restMs <= 0) this.#end({ kind: "ended" });
      else await this.#attempt(restMs);
    }
  }

  async #attempt(restMs: number): Promise<void> {
    const { clock, replica, send, isGone } = this.#parts;
    if (!replica.isAlive()) {
      if (!isGone()) return sleep(clock, Math.min(deadRetryMs, restMs));
      this.#end({ kind: "refused", refusal: { refused: "stale", epoch: 0 } });
      return;
    }
    const before = this.#maybe;
    this.#maybe = true;
    const end = await send(replica, restMs);
    switch (end.outcome) {
      case "ok":
        this.#answered(end.value, before);
        break;
      case "refused":
        this.#maybe = before;
        if (end.error.code !== "OVERLOADED") this.#end({ kind: "failed", error: end.error });
        else await sleep(clock, Math.min(end.error.retry_after_ms ?? retryMs, restMs));
        break;
      case "timeout":
        break;
      case "gone":
        await sleep(clock, Math.min(retryMs, restMs));
        break;
    }
  }

  #answered(answer: Answer | Refusal, maybeBefore: boolean): void {
    if (!isRefusal(answer)) {
      this.#end({ kind: "done", answer });
      return;
    }
    // Had an earlier attempt been taken, this one would not be behind; a newer map may hide that it was.
    this.#maybe = maybeBefore && answer.refused !== "behind";
    this.#end({ kind: "refused", refusal: answer });
  }

  #end(state: DeliveryState<Answer>): void {
    this.#state = state;
    this.#parts.changed();
  }
}

export function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === "object" && answer !== null && "refused" in answer;
}
