/** What an answer says of how a search was done. */
import type { Admitted } from "../../payload/index.js";
import type { DistanceMetric } from "../../protocol/index.js";
import type { MetricAnswer } from "./attached-indexes.js";

export interface SearchFacts {
  readonly exact: boolean;
  readonly plan: Readonly<Record<string, string | number | boolean>>;
}

export function factsOf(
  answer: MetricAnswer,
  distance_metric: DistanceMetric,
  filtered: Admitted | undefined,
): SearchFacts {
  const { exact, route, indexed, fresh, engine } = answer;
  const { kind, ...details } = route;
  const admitted = filtered && {
    admitted_rows: filtered.rows.count,
    filter_from: filtered.source,
    filter_looks: filtered.looks,
  };
  return {
    exact,
    plan: {
      index: engine,
      distance_metric,
      route: kind,
      ...details,
      indexed_rows: indexed,
      fresh_rows: fresh,
      ...admitted,
    },
  };
}
