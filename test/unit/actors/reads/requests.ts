/** Checked reads with everything that a test does not care about filled in. */
import type {
  ConsistencyLevel,
  NormalCount,
  NormalGet,
  NormalScroll,
  NormalSearch,
} from "../../../../src/protocol/index.js";

const common = {
  collection: "c",
  consistency_level: "ALL" as ConsistencyLevel,
  timeout_ms: 5000,
  after: undefined,
  filter: undefined,
  include_vectors: true,
  include_metadata: true,
};

export function searchAt(position: number, changes: Partial<NormalSearch> = {}): NormalSearch {
  const unset = { distance_metric: undefined, max_distance: undefined, recall: undefined };
  return {
    ...{ ...common, ...unset, ef: undefined, nprobe: undefined },
    ...{ operation: "search", exact: true, explain: false, offset: 0, top_k: 10 },
    query_vector: Float32Array.of(position),
    ...changes,
  };
}

export function getOf(ids: readonly string[], changes: Partial<NormalGet> = {}): NormalGet {
  return { ...common, operation: "get", ids, ...changes };
}

export function scrollOf(changes: Partial<NormalScroll> = {}): NormalScroll {
  return { ...common, operation: "scroll", limit: 10, cursor: undefined, ...changes };
}

export function countOf(changes: Partial<NormalCount> = {}): NormalCount {
  return { ...common, operation: "count", ...changes };
}
