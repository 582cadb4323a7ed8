/**
 * Fills the halves of one shard on this node, and keeps them up to date until they take its place or the
 * split is given up. Whatever fails, or starts anew, is copied again: what is there already is not stored
 * twice.
 */
import { DvespError, toDvespError } from "../../base/index.js";
import type { Clock, ErrorCode } from "../../base/index.js";
import { Signal } from "../writes/signal.js";
import type { SplitCopy } from "./split-copy.js";

export interface HalfFillerParts {
  readonly clock: Clock;
  /** Between two looks at what has changed. */
  readonly lookMs: number;
  readonly copy: SplitCopy;
  /** Told when filling fails, once as long as it does for the same reason. */
  readonly onFailure: (error: DvespError) => void;
}

const retryMs = 1000;

export class HalfFiller {
  readonly #parts: HalfFillerParts;
  #isFilled = false;
  #isStopped = false;
  #failure: ErrorCode | undefined;
  readonly #stopped: Signal;
  /** The step under way: one follows the other. */
  #last: Promise<unknown> = Promise.resolve();
  #ended: Promise<void> | undefined;

  constructor(parts: HalfFillerParts) {
    this.#parts = parts;
    this.#stopped = new Signal(parts.clock);
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Whether the halves have all but the newest changes. */
  get isFilled(): boolean {
    return this.#isFilled;
  }

  /** Why filling fails now, if it does. */
  get failure(): ErrorCode | undefined {
    return this.#failure;
  }

  get rowsCopied(): number {
    return this.#parts.copy.rowsCopied;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Has the halves be what the shard is, which must not change any more. Errors: `OVERLOADED` when that is
   * too much to do now, and those of the replicas.
   */
  finish(): Promise<void> {
    return this.#inTurn(async () => {
      const { copy } = this.#parts;
      if (!this.#isFilled) throw notFilled();
      this.#isFilled = await copy.changes();
      if (!this.#isFilled) throw notFilled();
      await copy.memory();
    });
  }

  /** Begins nothing more, and waits for the question under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.notify();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { clock, lookMs } = this.#parts;
    while (!this.#isStopped) {
      let restMs = lookMs;
      try {
        await this.#inTurn(() => this.#step());
        this.#failure = undefined;
      } catch (error) {
        this.#failed(toDvespError(error));
        restMs = retryMs;
      }
      await this.#stopped.until(() => this.#isStopped, clock.monotonic() + restMs);
    }
  }

  #failed(error: DvespError): void {
    this.#isFilled = false;
    if (this.#isStopped || this.#failure === error.code) return;
    this.#failure = error.code;
    this.#parts.onFailure(error);
  }

  async #step(): Promise<void> {
    const { copy } = this.#parts;
    if (!this.#isFilled) await copy.everything();
    this.#isFilled = await copy.changes();
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function notFilled(): DvespError {
  return new DvespError("OVERLOADED", "the halves are not filled", { retry_after_ms: retryMs });
}
