/**
 * All lists anew: every row is encoded again from its float32 components and put in one of new lists
 * around trained centroids, a slice at a time. Searches use the old lists until the last slice puts the
 * new ones in their place. Rows that are added meanwhile go to the old lists, and are taken over too.
 */
import type { SharedRows } from "../shared-rows.js";
import type { RebalanceState } from "../vector-index.js";
import { slot } from "./list-layout.js";
import type { ListStore, RowList } from "./list-store.js";
import type { Training } from "./training.js";

/** Rows taken over in one slice: about a millisecond. */
const rowsPerSlice = 128;

export class Retraining {
  readonly #store: ListStore;
  readonly #rows: SharedRows;
  readonly #training: Training;
  /** Rows of each old list that are taken over. */
  readonly #taken = new Map<RowList, number>();
  #made: RowList[] = [];
  #draft: number | undefined;
  #scores = 0;
  #count = 0;

  constructor(store: ListStore, rows: SharedRows, training: Training) {
    this.#store = store;
    this.#rows = rows;
    this.#training = training;
  }

  /** Mean squared distance of the rows from their centroids. */
  get meanScore(): number {
    return this.#scores / Math.max(1, this.#count);
  }

  advance(): RebalanceState {
    if (this.#draft === undefined) return this.#begin();
    let room = rowsPerSlice;
    for (const list of this.#store.lists) {
      const taken = this.#takeOver(list, room);
      if (taken === undefined) return this.#fail();
      room -= taken;
      if (room === 0) return "more";
    }
    const lists = this.#made.filter((list) => list.rows > 0);
    const kept = lists.length > 0 ? lists : this.#made.slice(0, 1);
    this.#store.abandon(
      undefined,
      this.#made.filter((list) => !kept.includes(list)),
    );
    this.#store.replace(this.#draft, kept);
    return "done";
  }

  #begin(): RebalanceState {
    if (!this.#store.canDraft) return "waiting";
    for (const centroid of this.#training.centroids) {
      const list = this.#store.makeList(centroid);
      if (!list) return this.#fail();
      this.#made.push(list);
    }
    this.#draft = this.#store.draft(this.#training.mean, this.#made);
    return "more";
  }

  /** How many rows of a list were taken over now; undefined when there is no memory. */
  #takeOver(list: RowList, room: number): number | undefined {
    const { memory } = this.#store;
    const from = this.#taken.get(list) ?? 0;
    const end = Math.min(list.rows, from + room);
    let at = from;
    for (const { ordinal } of this.#store.rowsOf(list, from)) {
      if (at++ === end) break;
      if (this.#rows.isDead(ordinal)) continue;
      const entry = this.#store.encode(this.#rows.vector(ordinal), this.#draft as number);
      this.#scores += memory.floats[(memory.scratch + slot.nearestScore) / 4] as number;
      this.#count++;
      const record = memory.scratch + slot.record;
      if (!this.#store.append(this.#made[entry] as RowList, { record, ordinal })) return undefined;
    }
    this.#taken.set(list, end);
    return end - from;
  }

  #fail(): RebalanceState {
    this.#store.abandon(this.#draft, this.#made);
    return "failed";
  }
}
