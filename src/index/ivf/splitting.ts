/**
 * Splits a list in two, and moves the rows near the new boundary to the list they now belong to
 * (SPFresh's LIRE protocol: Xu et al., SOSP 2023). A row of the old list may be nearest to any
 * centroid, since the one that was nearest is gone; a row of a neighbouring list can only be nearer to
 * one of the new centroids than to its own.
 */
import { seededRandom } from "../../base/index.js";
import type { SharedRows } from "../shared-rows.js";
import { ListChange } from "./list-change.js";
import type { ListStore, PlacedRow, RowList } from "./list-store.js";
import type { Workbench } from "./workbench.js";

/** Lists around the one that is split whose rows are looked at. */
const neighbours = 24;
const rounds = 8;

/**
 * The lists that took its place; undefined when there was no memory for them. A table must be free.
 * Rows that are all the same stay together. `bench` is used for the time of the call.
 */
export function splitList(
  store: ListStore,
  rows: SharedRows,
  list: RowList,
  bench: Workbench,
): readonly RowList[] | undefined {
  const around = store.neighboursOf(list).slice(0, neighbours);
  const centroids = halve(bench, store, list);
  const change = ListChange.begin(store, rows, list, centroids);
  if (!change) return undefined;
  for (const row of change.living(list)) change.move(row, list, change.nearest(row.record));
  for (const other of around) attract(bench, store, change, other);
  return change.finish() ? change.made : undefined;
}

/** Two means of the rows of a list; one when all rows are the same. */
function halve(bench: Workbench, store: ListStore, list: RowList): Float32Array[] {
  fill(bench, store, [...store.rowsOf(list)]);
  const means = bench.means({ count: 2, rounds, random: seededRandom(list.rows) });
  for (;;) {
    const step = means.next();
    if (step.done) return step.value;
  }
}

/** Moves the rows of a list that are nearer to a new centroid than to its own. */
function attract(bench: Workbench, store: ListStore, change: ListChange, list: RowList): void {
  const rows = [...change.living(list)];
  if (rows.length === 0) return;
  fill(bench, store, rows);
  const choices = [list, ...change.made];
  const numbers = bench.nearest(choices.map((one) => store.centroidOf(one)));
  rows.forEach((row, at) => {
    const to = choices[numbers[at] as number] as RowList;
    if (to !== list) change.move(row, list, to);
  });
}

function fill(bench: Workbench, store: ListStore, rows: readonly PlacedRow[]): void {
  bench.clear(rows.length, 4);
  for (const { record } of rows) bench.addRecord(store.bytesOf(record));
}
