/**
 * Several actors that can all answer the same question: the least busy is asked, and when it is gone
 * before it answered, another one. Only for questions that may be asked twice.
 */
import { DvespError, limits, sleep } from "../base/index.js";
import type { Clock } from "../base/index.js";
import { answerOf } from "../runtime/index.js";
import type { ActorRef, AskOptions, AskResult } from "../runtime/index.js";

/** How long a question waits for the first worker to be there (again). */
const absenceMsMax = limits.timeoutMsDefault;
const retryMs = 5;
const goneRetryMs = 100;

interface Worker {
  readonly ref: ActorRef;
  outstanding: number;
}

const noWorkers: ReadonlySet<Worker> = new Set();

export interface PoolAsk {
  readonly attachments?: readonly unknown[];
  /** Only the first so many are asked, as long as one of them is there; default all. */
  readonly among?: number | undefined;
}

const anyWorker: PoolAsk = {};

function optionsOf(timeoutMs: number, attachments?: readonly unknown[]): AskOptions {
  return attachments ? { timeout_ms: timeoutMs, attachments } : { timeout_ms: timeoutMs };
}

export interface WorkerPoolOptions {
  readonly clock: Clock;
  readonly refs: readonly ActorRef[];
  /** Why none of them will come back, if so: then nobody waits for them. */
  readonly ended?: () => DvespError | undefined;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers: readonly Worker[];
  #turn = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#workers = options.refs.map((ref) => ({ ref, outstanding: 0 }));
  }

  /** Questions under way. */
  get outstanding(): number {
    return this.#workers.reduce((sum, worker) => sum + worker.outstanding, 0);
  }

  /** Questions under way at the least busy one of the first `among`. */
  leastBusy(among: number): number {
    let least = Infinity;
    for (let index = 0; index < Math.min(among, this.#workers.length); index++) {
      least = Math.min(least, (this.#workers[index] as Worker).outstanding);
    }
    return least;
  }

  get refs(): readonly ActorRef[] {
    return this.#options.refs;
  }

  /**
   * Asks the least busy worker. Rejects with the refusal of the worker, with `TIMEOUT`, with why they
   * ended, or with `NOT_ENOUGH_REPLICAS` when no worker was there for five seconds.
   */
  async ask<Answer>(
    message: unknown,
    timeoutMs: number,
    how: PoolAsk = anyWorker,
  ): Promise<Answer> {
    const result = await this.tryAsk<Answer>(message, timeoutMs, how);
    if (result.outcome !== "gone") return answerOf(result);
    const nobody = new DvespError("NOT_ENOUGH_REPLICAS", "no worker is there to answer");
    throw this.#options.ended?.() ?? nobody;
  }

  /** As `ask`, with every end as a value: `gone` when none was there for so long, or ever will be. */
  async tryAsk<Answer>(
    message: unknown,
    timeoutMs: number,
    how: PoolAsk = anyWorker,
  ): Promise<AskResult<Answer>> {
    const { clock, ended } = this.#options;
    const giveUpMs = clock.monotonic() + Math.min(absenceMsMax, timeoutMs);
    for (;;) {
      const result = await this.askAround<Answer>(message, timeoutMs, how);
      if (result.outcome !== "gone" || ended?.() || clock.monotonic() >= giveUpMs) return result;
      await sleep(clock, retryMs);
    }
  }

  /** Asks one worker after the other, the least busy first, until one is there. */
  async askAround<Answer>(
    message: unknown,
    timeoutMs: number,
    how: PoolAsk = anyWorker,
  ): Promise<AskResult<Answer>> {
    const options = optionsOf(timeoutMs, how.attachments);
    let gone = noWorkers;
    for (;;) {
      const worker = this.#choose(gone, how.among);
      const result = await askWorker<Answer>(worker, message, options);
      if (result.outcome !== "gone") return result;
      gone = new Set(gone).add(worker);
      if (gone.size === this.#workers.length || this.#options.ended?.()) return result;
    }
  }

  /**
   * Asks one worker, for messages whose memory moves away with them. Rejects as `ask` does, and with
   * `OVERLOADED` when the worker ended before it answered.
   */
  async askOnce<Answer>(message: unknown, timeoutMs: number): Promise<Answer> {
    const worker = this.#choose(noWorkers);
    const result = await askWorker<Answer>(worker, message, optionsOf(timeoutMs));
    if (result.outcome !== "gone") return answerOf(result);
    throw new DvespError("OVERLOADED", "a worker ended before it answered; try again", {
      retry_after_ms: goneRetryMs,
    });
  }

  /** Of the least busy ones, each in turn; not one of `except`, and one of `among` while there is one. */
  #choose(except: ReadonlySet<Worker>, among = Infinity): Worker {
    const count = this.#workers.length;
    this.#turn = (this.#turn + 1) % count;
    let best: Worker | undefined;
    let isBestAmong = false;
    for (let step = 0; step < count; step++) {
      const index = (this.#turn + step) % count;
      const other = this.#workers[index] as Worker;
      if (except.has(other)) continue;
      const isAmong = index < among;
      const isBetter =
        isAmong === isBestAmong && other.outstanding < (best?.outstanding ?? Infinity);
      if (best && !isBetter && !(isAmong && !isBestAmong)) continue;
      best = other;
      isBestAmong = isAmong;
    }
    return best as Worker;
  }
}

async function askWorker<Answer>(
  worker: Worker,
  message: unknown,
  options: AskOptions,
): Promise<AskResult<Answer>> {
  worker.outstanding++;
  try {
    return await worker.ref.ask<Answer>(message, options);
  } finally {
    worker.outstanding--;
  }
}
