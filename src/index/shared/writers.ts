/**
 * Several threads that build one graph: the builder's, and those it is lent. Each slice of rows is one
 * task for each of them; the builder's thread works on it too, and lets its other work have its turns.
 *
 * A helper that dies leaves the graph as readers may meet it at any time: lists that lead to complete
 * rows. What it had locked is freed as soon as its death is known, and the rows that it, or who waited
 * for it, left unfinished are taken in again by the builder. Should the builder's own thread die, its
 * helpers end with it, and the graph is left to its readers: the next builder makes another.
 *
 * Without helpers, rows are taken in one after the other, and the same rows make the same graph.
 */
import { setImmediate } from "node:timers/promises";
import { assert } from "../../base/index.js";
import type { BuildHelpers } from "../build-helpers.js";
import type { SharedSpec } from "../index-spec.js";
import type { SharedRows } from "../shared-rows.js";
import { WriterSlice } from "./writers-slice.js";
import { takeRow, type PlacedGraph, type WriterTask } from "./writers-task.js";

/** Rows taken in before other work of the thread gets its turn. */
const rowsPerTurn = 16;
/** A graph with fewer rows grows by one thread: its first rows should all know each other. */
const helpedFrom = 1000;
/** A slice of fewer rows is done before a helper has begun. */
const helpedRowsMin = 64;

const taskModule = new URL("./writers-task.js", import.meta.url).href;

export class GraphWriters {
  readonly #spec: SharedSpec;
  readonly #rows: SharedRows;
  readonly #helpers: BuildHelpers | undefined;

  constructor(spec: SharedSpec, rows: SharedRows, helpers: BuildHelpers | undefined) {
    this.#spec = spec;
    this.#rows = rows;
    this.#helpers = helpers;
  }

  /** Takes the ordinals [from, to) into a graph with room for them; all are in it at the end. */
  async add(placed: PlacedGraph, from: number, to: number): Promise<void> {
    const helpedAt = Math.min(to, Math.max(from, placed.first + helpedFrom));
    const isHelped = to - helpedAt >= helpedRowsMin;
    if (from < helpedAt) {
      if (isHelped) this.#wakeHelpers(placed);
      await this.#take(placed, WriterSlice.create(from, helpedAt), []);
    }
    const slice = WriterSlice.create(helpedAt, to);
    await this.#take(placed, slice, isHelped ? this.#startHelpers(placed, slice) : []);
  }

  async #take(
    placed: PlacedGraph,
    slice: WriterSlice,
    helping: readonly Promise<void>[],
  ): Promise<void> {
    // Tasks are on their way when this thread has had a turn, and not before.
    if (helping.length > 0) await setImmediate();
    let turn = 0;
    for (const ordinal of slice.rows()) {
      const isTaken = takeRow(placed, this.#rows, ordinal);
      if (isTaken) slice.finish(ordinal);
      // Who was kept waiting lets the news of a dead helper arrive.
      if (!isTaken || ++turn % rowsPerTurn === 0) await setImmediate();
    }
    await Promise.all(helping);
    for (const ordinal of slice.unfinished()) {
      assert(takeRow(placed, this.#rows, ordinal), "no lock is held where nobody else writes");
    }
  }

  /** Has the threads start that will help soon: nothing to take in takes them 50 ms. */
  #wakeHelpers(placed: PlacedGraph): void {
    const none = WriterSlice.create(0, 0);
    for (const slot of this.#slots()) {
      // Who dies of nothing holds no lock; the next task finds out what is wrong.
      this.#helpers?.run(taskModule, "writeRows", [this.#task(placed, none, slot)]).catch(() => {});
    }
  }

  #startHelpers(placed: PlacedGraph, slice: WriterSlice): Promise<void>[] {
    return this.#slots().map((slot) => this.#help(placed, slice, slot));
  }

  /** The scratch slots of the helpers. */
  #slots(): number[] {
    const { count = 0, firstSlot = 0 } = this.#helpers ?? {};
    return Array.from({ length: count }, (_, index) => firstSlot + index);
  }

  /** Resolves when the helper has ended, however. */
  async #help(placed: PlacedGraph, slice: WriterSlice, slot: number): Promise<void> {
    try {
      await this.#helpers?.run(taskModule, "writeRows", [this.#task(placed, slice, slot)]);
    } catch {
      placed.graph.releaseLocks(slot, slice.handle.to - placed.first);
    }
  }

  #task({ graph, first }: PlacedGraph, slice: WriterSlice, slot: number): WriterTask {
    return {
      spec: this.#spec,
      memory: graph.memory,
      first,
      rows: this.#rows.share(),
      slice: slice.handle,
      slot,
    };
  }
}
