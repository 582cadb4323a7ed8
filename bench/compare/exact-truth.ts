/** The right answers, by comparing with every row, or with every one that a filter admits. */
import { k } from "./contender.js";
import { index } from "./contenders/dvesp.js";
import { admits } from "./sets.js";
import type { FilterSpec, LoadedSet } from "./sets.js";

/** For each filter, row numbers of the `k` nearest of each of the first `queries` queries. */
export function exactTruth(
  set: LoadedSet,
  filters: readonly (FilterSpec | undefined)[],
  queries: number,
): number[][][] {
  const { train, metric } = set;
  const rows = index.SharedRows.create({ dimension: train.dimension });
  rows.reserve(train.rows);
  rows.write(0, train.data);
  rows.publish(train.rows);
  const scanner = new index.ExactScanner(rows);
  return filters.map((filter) => {
    const range = { from: 0, to: train.rows, allow: filter && admitted(set, filter) };
    return set.queries
      .slice(0, queries)
      .map((query) => Array.from(scanner.scan({ query, metric, k }, range).ordinals));
  });
}

function admitted(set: LoadedSet, filter: FilterSpec) {
  const allow = index.AllowList.empty(set.train.rows);
  for (let row = 0; row < set.train.rows; row++) if (admits(set, filter, row)) allow.set(row);
  return allow;
}
