/**
 * From ids to ordinals, in one snapshot: by the tree of ids, and by the runs that are not merged into
 * it yet. Both hold hints, of which one at most is true: the one whose row is there. That makes the
 * order of runs, and how far a merge has come, of no account.
 *
 * Invariant (the writer's): while there are no runs, every entry of the tree is true.
 */
import type { IdRun } from "./id-run.js";
import { idKey, idOfKey, justAbove, numberKey, rangeOf, tags } from "./keys.js";
import { mergeById } from "./merge-by-id.js";
import { decodeOrdinal } from "./records.js";
import type { IdEntry } from "./row-store.js";
import type { TableSnapshot } from "./table.js";

export class IdLookup {
  readonly #table: TableSnapshot;
  readonly #runs: readonly IdRun[];

  constructor(table: TableSnapshot, runs: readonly IdRun[]) {
    this.#table = table;
    this.#runs = runs;
  }

  ordinalOf(id: Uint8Array): number | undefined {
    for (const run of this.#runs) {
      const ordinal = run.ordinalOf(id);
      if (ordinal !== undefined && this.#isLive(ordinal)) return ordinal;
    }
    const key = idKey(tags.id, id);
    const value = this.#table.get(key);
    const ordinal = value && decodeOrdinal(key, value);
    if (ordinal === undefined || this.#runs.length === 0) return ordinal;
    return this.#isLive(ordinal) ? ordinal : undefined;
  }

  /** Ids of live rows in ascending order, those above `after`. */
  *scan(after: Uint8Array | undefined): Iterable<IdEntry> {
    if (this.#runs.length === 0) {
      yield* this.#tree(after);
      return;
    }
    const sources = [this.#tree(after), ...this.#runs.map((run) => run.entries(after))];
    for (const hints of mergeById(sources)) {
      const live = hints.find(({ ordinal }) => this.#isLive(ordinal));
      if (live) yield live;
    }
  }

  *#tree(after: Uint8Array | undefined): Iterable<IdEntry> {
    const all = rangeOf(tags.id);
    const from = after ? justAbove(idKey(tags.id, after)) : all.from;
    for (const { key, value } of this.#table.entries({ from, to: all.to })) {
      yield { id: idOfKey(key), ordinal: decodeOrdinal(key, value) };
    }
  }

  #isLive(ordinal: number): boolean {
    return this.#table.has(numberKey(tags.row, ordinal));
  }
}
