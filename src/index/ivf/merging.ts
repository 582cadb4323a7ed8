/** Dissolves a list: each of its rows goes to the list that is then nearest. */
import type { SharedRows } from "../shared-rows.js";
import { ListChange } from "./list-change.js";
import type { ListStore, RowList } from "./list-store.js";

/** Whether there was memory for it. A table must be free, and another list must exist. */
export function mergeList(store: ListStore, rows: SharedRows, list: RowList): boolean {
  const change = ListChange.begin(store, rows, list, []);
  if (!change) return false;
  for (const row of change.living(list)) change.move(row, list, change.nearest(row.record));
  return change.finish();
}
