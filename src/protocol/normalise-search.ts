/** Normal requests of search, one query or many. */
import { checkShape } from "./check-shape.js";
import { filterOf } from "./filter-member.js";
import { itemsOf, queriesLimit } from "./ids.js";
import type { NormalSearch, NormalSearchBatch } from "./normal-requests.js";
import { isPlainObject, nameOf } from "./plain-object.js";
import { refusal } from "./refusal.js";
import { searchBatchRequest, searchRequest } from "./request-schemas.js";
import { packVector } from "./vectors.js";

/** `field` is the path of the request, when it stands in another one. */
export function normaliseSearch(request: unknown, field = ""): NormalSearch {
  const shape = checkShape(searchRequest, request, field);
  const prefix = field === "" ? "" : `${field}.`;
  return {
    operation: "search",
    collection: shape.collection,
    consistency_level: shape.consistency_level,
    timeout_ms: shape.timeout_ms,
    after: shape.after,
    query_vector: packVector(shape.query_vector, `${prefix}query_vector`),
    top_k: shape.top_k,
    offset: shape.offset,
    distance_metric: shape.distance_metric,
    filter: filterOf(shape.filter, `${prefix}filter`),
    include_vectors: shape.include_vectors,
    include_metadata: shape.include_metadata,
    exact: shape.exact,
    explain: shape.explain,
    max_distance: shape.max_distance,
    recall: shape.recall,
    ef: shape.ef,
    nprobe: shape.nprobe,
  };
}

/** One of the parts into which the queries of a batch are cut, in order and evenly. */
export interface BatchPart {
  readonly index: number;
  readonly of: number;
}

/**
 * All queries are of one collection, named by the batch or, if it does not, by the first query. Of a
 * `part`, only its own queries are checked and come back; there may be none.
 */
export function normaliseSearchBatch(request: unknown, part?: BatchPart): NormalSearchBatch {
  const shape = checkShape(searchBatchRequest, request);
  const { consistency_level, timeout_ms, after } = shape;
  const shared = { collection: shape.collection, consistency_level, timeout_ms, after };
  const items = itemsOf(shape.queries, "queries", queriesLimit);
  const { first, end } = rangeOf(items.length, part);
  // Not `map`, which passes over the holes of a sparse array.
  const queries = Array.from(items.slice(first, end), (query, index) => {
    const field = `queries[${first + index}]`;
    if (!isPlainObject(query)) throw refusal(field, `must be an object, not ${nameOf(query)}`);
    return normaliseSearch({ ...shared, ...definedMembers(query) }, field);
  });
  const collection = shape.collection ?? queries[0]?.collection ?? "";
  const other = queries.findIndex((query) => query.collection !== collection);
  if (other < 0) return { operation: "search_batch", collection, queries };
  throw refusal(`queries[${first + other}].collection`, `must be that of the batch, ${collection}`);
}

/** The items of a part: from `first` up to but without `end`. */
export function rangeOf(
  count: number,
  { index, of }: BatchPart = { index: 0, of: 1 },
): { readonly first: number; readonly end: number } {
  const at = (part: number): number => Math.floor((count * part) / of);
  return { first: at(index), end: at(index + 1) };
}

function definedMembers(object: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
