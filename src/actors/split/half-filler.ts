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
  /** Monotonic time at which the step under way began. */
  #stepBeganMs = Infinity;
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

  /** Whether the halves have all but the newest changes: so few that a step does not take long. */
  get isFilled(): boolean {
    const { clock, lookMs } = this.#parts;
    return this.#isFilled && clock.monotonic() - this.#stepBeganMs <= lookMs;
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
      if (!this.#isFilled) throw notFilled("the halves are not filled");
      // Should this fail, what it was told of changes is lost.
      this.#isFilled = false;
      if (!(await copy.changes())) throw notFilled("what changed last is not known");
      const isWhole = await copy.isWhole();
      this.#isFilled = isWhole || (await this.#goesOn());
      if (!isWhole) throw notFilled("the halves are not what the whole shard is");
      await copy.memory();
    });
  }

  /** Whether the shard has changed since; the halves are given that. */
  async #goesOn(): Promise<boolean> {
    const { copy } = this.#parts;
    const before = copy.rowsCopied;
    return (await copy.changes()) && copy.rowsCopied > before;
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
    this.#stepBeganMs = Infinity;
    if (this.#isStopped || this.#failure === error.code) return;
    this.#failure = error.code;
    this.#parts.onFailure(error);
  }

  async #step(): Promise<void> {
    const { copy, clock } = this.#parts;
    this.#stepBeganMs = clock.monotonic();
    if (!this.#isFilled) await copy.everything();
    this.#isFilled = await copy.changes();
    this.#stepBeganMs = Infinity;
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function notFilled(why: string): DvespError {
  return new DvespError("OVERLOADED", why, { retry_after_ms: retryMs });
}
