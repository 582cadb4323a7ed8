/**
 * Several actors that can all answer the same question: the least busy is asked, and when it is gone
 * before it answered, another one. Only for questions that may be asked twice.
 */
import { DvespError, errorFromPlain, limits, sleep } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { ActorRef, AskResult } from "../../runtime/index.js";

/** How long a question waits for the first worker to be there (again). */
const absenceMsMax = limits.timeoutMsDefault;
const retryMs = 5;
const goneRetryMs = 100;

interface Worker {
  readonly ref: ActorRef;
  outstanding: number;
}

export class WorkerPool {
  readonly #clock: Clock;
  readonly #workers: readonly Worker[];
  #turn = 0;

  constructor(clock: Clock, refs: readonly ActorRef[]) {
    this.#clock = clock;
    this.#workers = refs.map((ref) => ({ ref, outstanding: 0 }));
  }

  get refs(): readonly ActorRef[] {
    return this.#workers.map(({ ref }) => ref);
  }

  /**
   * Asks the least busy worker. Rejects with the refusal of the worker, with `TIMEOUT`, or with
   * `NOT_ENOUGH_REPLICAS` when no worker was there for five seconds.
   */
  async ask<Answer>(message: unknown, timeoutMs: number): Promise<Answer> {
    const giveUpMs = this.#clock.monotonic() + Math.min(absenceMsMax, timeoutMs);
    let goneInARow = 0;
    for (;;) {
      const result = await this.#askOne<Answer>(message, timeoutMs);
      if (result.outcome === "ok") return result.value;
      if (result.outcome === "refused") throw errorFromPlain(result.error);
      if (result.outcome === "timeout") throw new DvespError("TIMEOUT", "no answer in time");
      if (this.#clock.monotonic() >= giveUpMs) {
        throw new DvespError("NOT_ENOUGH_REPLICAS", "no worker is there to answer");
      }
      if (++goneInARow % this.#workers.length === 0) await sleep(this.#clock, retryMs);
    }
  }

  /**
   * Asks one worker, for messages whose memory moves away with them. Rejects as `ask` does, and with
   * `OVERLOADED` when the worker ended before it answered.
   */
  async askOnce<Answer>(message: unknown, timeoutMs: number): Promise<Answer> {
    const result = await this.#askOne<Answer>(message, timeoutMs);
    switch (result.outcome) {
      case "ok":
        return result.value;
      case "refused":
        throw errorFromPlain(result.error);
      case "timeout":
        throw new DvespError("TIMEOUT", "no answer in time");
      case "gone":
        throw new DvespError("OVERLOADED", "a worker ended before it answered; try again", {
          retry_after_ms: goneRetryMs,
        });
    }
  }

  async #askOne<Answer>(message: unknown, timeoutMs: number): Promise<AskResult<Answer>> {
    const worker = this.#leastBusy();
    worker.outstanding++;
    try {
      return await worker.ref.ask<Answer>(message, { timeout_ms: timeoutMs });
    } finally {
      worker.outstanding--;
    }
  }

  /** Of the least busy ones, each in turn. */
  #leastBusy(): Worker {
    const count = this.#workers.length;
    this.#turn = (this.#turn + 1) % count;
    let best = this.#workers[this.#turn] as Worker;
    for (let step = 1; step < count; step++) {
      const other = this.#workers[(this.#turn + step) % count] as Worker;
      if (other.outstanding < best.outstanding) best = other;
    }
    return best;
  }
}
