/**
 * Rebalancing of an index of lists as its builder does it: a step at a time, on command, in slices
 * between those in which rows are taken in. What the lists are like is told as it changes, for those
 * who command.
 */
import { DvespError } from "../../base/index.js";
import type {
  IndexBuilder,
  ListFacts,
  Metric,
  RebalanceStep,
  Rebalancing,
} from "../../index/index.js";
import type { ActorContext } from "../../runtime/index.js";

/** Which index it is, as its events say. */
export interface BuiltIndex {
  readonly collection: string;
  readonly shard: number;
  readonly distance_metric: Metric;
}

export interface ListRebalanceOptions {
  readonly context: ActorContext;
  readonly index: BuiltIndex;
  /** Asks for a slice, because there is something to advance. */
  readonly wake: () => void;
}

/** Facts are told again when the rows have changed by this share. */
const toldShare = 0.05;
/** How long searches are given that still read what is to change. */
const readersMs = 5;
/** Slices between two events of progress. */
const slicesPerProgress = 64;

interface Running {
  readonly step: RebalanceStep;
  readonly lists: number;
  slices: number;
  readonly finish: (isDone: boolean) => void;
}

export class ListRebalance {
  readonly #options: ListRebalanceOptions;
  #toldRows = 0;
  #isBusy = false;
  #running: Running | undefined;
  #isFinished = false;

  constructor(options: ListRebalanceOptions) {
    this.#options = options;
  }

  /** Tells what the lists are like, if they have changed enough. */
  tell({ rebalancing }: IndexBuilder, isChanged = false): void {
    if (!rebalancing) return;
    const facts = rebalancing.facts();
    const grown = Math.abs(facts.rows - this.#toldRows);
    if (!isChanged && grown <= this.#toldRows * toldShare) return;
    this.#toldRows = facts.rows;
    this.#emit("index_lists", { ...facts });
  }

  /**
   * Does one step; what the lists are like afterwards. Errors: `OVERLOADED` while another step is
   * under way, `STORAGE_FULL` when there was no memory for it, and those of training.
   */
  async run({ rebalancing }: IndexBuilder, step: RebalanceStep): Promise<ListFacts> {
    if (!rebalancing) throw new DvespError("INVALID_ARGUMENT", "the index has no lists");
    if (this.#isBusy) throw new DvespError("OVERLOADED", "another step is under way");
    this.#isBusy = true;
    try {
      await this.#perform(rebalancing, step);
    } finally {
      this.#isBusy = false;
    }
    return rebalancing.facts();
  }

  /** Works for some milliseconds if a step is under way; whether to call again soon. */
  advance({ rebalancing }: IndexBuilder): boolean {
    if (!rebalancing || !this.#running) return false;
    const state = rebalancing.advance();
    if (state === "done" || state === "failed" || state === "idle") {
      this.#running.finish(state === "done");
      this.#running = undefined;
      this.#isFinished = true;
      return false;
    }
    if (state === "waiting") {
      this.#options.context.clock.after(readersMs, this.#options.wake);
      return false;
    }
    if (++this.#running.slices % slicesPerProgress === 0) this.#emitProgress(rebalancing);
    return true;
  }

  /** Whether a step has ended since the last call: searches may need another effort now. */
  takeFinished(): boolean {
    const isFinished = this.#isFinished;
    this.#isFinished = false;
    return isFinished;
  }

  async #perform(rebalancing: Rebalancing, step: RebalanceStep): Promise<void> {
    const { lists, rows } = rebalancing.facts();
    this.#emit("index_rebalance_started", { step: step.kind, lists_before: lists, rows });
    await rebalancing.begin(step);
    const isDone = await new Promise<boolean>((finish) => {
      this.#running = { step, lists, slices: 0, finish };
      this.#options.wake();
    });
    const after = rebalancing.facts().lists;
    const outcome = isDone ? "done" : "no_memory";
    const details = { step: step.kind, lists_before: lists, lists_after: after, outcome };
    this.#emit("index_rebalance_finished", details);
    if (!isDone) throw new DvespError("STORAGE_FULL", "no memory to rebalance lists in");
  }

  #emitProgress(rebalancing: Rebalancing): void {
    const { step, lists: lists_before } = this.#running as Running;
    const { lists } = rebalancing.facts();
    this.#emit("index_rebalance_progress", { step: step.kind, lists_before, lists });
  }

  #emit(type: string, details: Readonly<Record<string, unknown>>): void {
    const { context, index } = this.#options;
    context.emit({ type, ...index, ...details });
  }
}
