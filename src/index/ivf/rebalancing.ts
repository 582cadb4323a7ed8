/**
 * How the lists of an index are kept near the size and the places they should have, a step at a time.
 * Somebody else decides which step is next (`facts` is what to decide by); a step is begun and then
 * advanced in slices of some milliseconds, between which rows may be added and searches go on.
 */
import { assert } from "../../base/index.js";
import type { IvfSpec } from "../index-spec.js";
import type { SharedRows } from "../shared-rows.js";
import type { ListFacts, Rebalancing, RebalanceState, RebalanceStep } from "../vector-index.js";
import { AddedDistances } from "./added-distances.js";
import { listsWanted, mergeLimit, splitLimit } from "./list-sizes.js";
import type { ListStore, RowList } from "./list-store.js";
import { mergeList } from "./merging.js";
import { Retraining } from "./retraining.js";
import { splitList } from "./splitting.js";
import type { Training, TrainingRequest } from "./training.js";
import { Workbench } from "./workbench.js";

/** A list that keeps more than this share of its rows when split is not split again soon. */
const wholeShare = 0.9;

export interface RebalancingParts {
  readonly spec: IvfSpec;
  readonly rows: SharedRows;
  readonly store: ListStore;
  /** Rows when all lists were last made anew. */
  readonly trainedRows: number;
  readonly indexed: () => number;
  readonly train: (request: TrainingRequest) => Promise<Training>;
}

export class ListRebalancing implements Rebalancing {
  readonly #parts: RebalancingParts;
  readonly #distances = new AddedDistances();
  #work: Retraining | { readonly kind: "split" | "merge"; left: number } | undefined;
  /** Lists that splitting did not make smaller, and how many rows they had. */
  readonly #whole = new WeakMap<RowList, number>();
  #bench: Workbench | undefined;
  #trainedRows: number;

  constructor(parts: RebalancingParts) {
    this.#parts = parts;
    this.#trainedRows = parts.trainedRows;
  }

  get trainedRows(): number {
    return this.#trainedRows;
  }

  /** Notes the squared distance of a row that was added from the centroid of its list. */
  noteAdded(score: number): void {
    this.#distances.note(score);
  }

  facts(): ListFacts {
    const { store, spec } = this.#parts;
    const { rows } = store;
    const { lists } = store;
    const sizes = lists.map((list) => list.rows);
    const wanted = listsWanted(rows, spec.lists);
    return {
      rows,
      lists: sizes.length,
      lists_wanted: wanted,
      largest: Math.max(...sizes),
      smallest: Math.min(...sizes),
      oversized: lists.filter((list) => this.#isOversized(list, rows, wanted)).length,
      undersized: sizes.filter((size) => size < mergeLimit(rows, wanted)).length,
      trained_rows: this.#trainedRows,
      drift: spec.metric === "dot_product" ? 1 : this.#distances.drift,
    };
  }

  async begin(step: RebalanceStep): Promise<void> {
    assert(!this.#work, "one step at a time");
    if (step.kind !== "train") {
      this.#work = { kind: step.kind, left: step.lists };
      return;
    }
    const { store, spec, rows, indexed, train } = this.#parts;
    const training = await train({
      rows: rows.share(),
      metric: spec.metric,
      indexed: indexed(),
      lists: listsWanted(store.rows, spec.lists),
      seed: indexed(),
    });
    this.#work = new Retraining(store, rows, training);
  }

  advance(): RebalanceState {
    if (!this.#work) return "idle";
    const state =
      this.#work instanceof Retraining ? this.#retrain(this.#work) : this.#resize(this.#work);
    if (state === "done" || state === "failed") this.#work = undefined;
    return state;
  }

  #retrain(work: Retraining): RebalanceState {
    const state = work.advance();
    if (state === "done") {
      this.#trainedRows = this.#parts.store.rows;
      this.#distances.trained(work.meanScore);
    }
    return state;
  }

  #resize(work: { readonly kind: "split" | "merge"; left: number }): RebalanceState {
    const { store } = this.#parts;
    const { rows, lists } = store;
    const wanted = listsWanted(rows, this.#parts.spec.lists);
    const bySize = [...lists].sort((left, right) => left.rows - right.rows);
    const list =
      work.kind === "split"
        ? bySize.findLast((one) => this.#isOversized(one, rows, wanted))
        : bySize.find((one) => lists.length > 1 && one.rows < mergeLimit(rows, wanted));
    if (!list || work.left === 0) return "done";
    if (!store.canDraft) return "waiting";
    work.left--;
    const isDone = work.kind === "split" ? this.#split(list) : this.#merge(list);
    return isDone ? "more" : "failed";
  }

  #split(list: RowList): boolean {
    const { store, rows } = this.#parts;
    // One for all splits: each memory takes gigabytes of address space until it is collected.
    this.#bench ??= new Workbench(rows.dimension);
    const made = splitList(store, rows, list, this.#bench);
    for (const one of made ?? []) {
      if (one.rows > list.rows * wholeShare) this.#whole.set(one, one.rows);
    }
    return made !== undefined;
  }

  #merge(list: RowList): boolean {
    return mergeList(this.#parts.store, this.#parts.rows, list);
  }

  #isOversized(list: RowList, rows: number, wanted: number): boolean {
    const before = this.#whole.get(list) ?? 0;
    return list.rows > Math.max(splitLimit(rows, wanted), 2 * before);
  }
}
