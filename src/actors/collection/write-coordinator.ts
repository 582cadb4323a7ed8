/**
 * Takes one write to the replica and says truthfully what became of it, whatever dies on the way.
 *
 * Every write has an operation id that the replica records in the transaction that applies it. So a
 * lost answer is never a guess: the replica, or its successor, is asked what became of the operation.
 */
import { DvespError, errorFromPlain, randomUuid, sleep } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import type { HybridClock } from "../../consistency/index.js";
import { moved } from "../../mailbox/index.js";
import type { ActorRef, AskResult } from "../../runtime/index.js";
import type { PackedWrite, WriteMessage, WriteOutcome } from "../replica/messages.js";
import { writeBytes } from "../replica/write-queue.js";
import { copiedBytesMax } from "./prepared-write.js";
import type { PreparedWrite } from "./prepared-write.js";

/** How long after its deadline a write's fate is inquired into. */
const settleMs = 5000;
const retryMs = 5;
const keyMemoryMs = 24 * 3600 * 1000;

/** Names a write for ever, and says how long its outcome is remembered, if not as usual. */
export type Operation = Pick<WriteMessage, "operation_id" | "remember_ms">;

/** The same for writes with the same idempotency key. */
export function identify({ idempotency_key, write }: PreparedWrite, random: Random): Operation {
  if (idempotency_key === undefined) return { operation_id: `o:${randomUuid(random)}` };
  return { operation_id: `k:${write.kind}:${idempotency_key}`, remember_ms: keyMemoryMs };
}

export interface WriteParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly versions: HybridClock;
  readonly replica: ActorRef;
  /** Why the replica will not come back, if so. */
  readonly ended: () => DvespError | undefined;
}

export class WriteCoordinator {
  readonly #parts: WriteParts;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  /**
   * The outcome of the write; undefined if nothing of it is or will be stored, because its time ran
   * out or its replica died with it. Rejects with a refusal (nothing stored), or with `TIMEOUT` when
   * the outcome could not be learned.
   */
  async write(
    prepared: PreparedWrite,
    operation = identify(prepared, this.#parts.random),
  ): Promise<WriteOutcome | undefined> {
    const { clock, versions } = this.#parts;
    const deadlineMs = clock.monotonic() + prepared.timeout_ms;
    const resend = writeBytes(prepared.write) <= copiedBytesMax;
    const write = resend ? prepared.write : movedWrite(prepared.write);
    const deadline_ms = clock.now() + prepared.timeout_ms;
    let unsure = false;
    for (;;) {
      const ended = this.#parts.ended();
      if (ended && !unsure) throw ended;
      if (ended) return this.#settle(operation.operation_id);
      const version = versions.next();
      const message: WriteMessage = { type: "write", ...operation, deadline_ms, version, write };
      const remainingMs = Math.max(1, deadlineMs - clock.monotonic());
      const result = await this.#ask<WriteOutcome>(message, remainingMs);
      if (result.outcome === "ok") return result.value;
      // Once an attempt may have been applied, a refusal of another one proves nothing.
      if (result.outcome === "refused" && !unsure) {
        // One that began too late was never applied; every other refusal is the caller's to see.
        if (result.error.code === "TIMEOUT") return undefined;
        throw errorFromPlain(result.error);
      }
      unsure = true;
      const late = clock.monotonic() >= deadlineMs;
      if (late || !resend || !mayTryAgain(result)) return this.#settle(operation.operation_id);
      await sleep(clock, retryMs);
    }
  }

  async #settle(operationId: string): Promise<WriteOutcome | undefined> {
    const { clock } = this.#parts;
    const endMs = clock.monotonic() + settleMs;
    while (clock.monotonic() < endMs && !this.#parts.ended()) {
      const message = { type: "outcome", operation_id: operationId };
      const result = await this.#ask<WriteOutcome | undefined>(message, settleMs);
      if (result.outcome === "ok") return result.value ?? undefined;
      await sleep(clock, retryMs);
    }
    throw new DvespError(
      "TIMEOUT",
      "the outcome of the write is unknown; ask again with the same idempotency_key",
    );
  }

  #ask<Answer>(message: unknown, timeoutMs: number): Promise<AskResult<Answer>> {
    return this.#parts.replica.ask<Answer>(message, { timeout_ms: timeoutMs });
  }
}

/** A replica that is gone, or has no room now, may take the same operation a moment later. */
function mayTryAgain(result: AskResult<unknown>): boolean {
  if (result.outcome === "refused") return result.error.code === "OVERLOADED";
  return result.outcome === "gone";
}

/** The same write, giving its memory away instead of having it copied. */
function movedWrite(write: PackedWrite): PackedWrite {
  if (write.kind === "delete" || !write.vectors) return write;
  return { ...write, vectors: moved(write.vectors) };
}
