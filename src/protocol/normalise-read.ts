/** Normal requests of the operations that read rows by id, in pages, or only count them. */
import { checkShape } from "./check-shape.js";
import { filterOf } from "./filter-member.js";
import { normaliseIds, pageLimit } from "./ids.js";
import type { NormalCount, NormalGet, NormalScroll } from "./normal-requests.js";
import { countRequest, getRequest, scrollRequest } from "./request-schemas.js";

export function normaliseGet(request: unknown): NormalGet {
  const shape = checkShape(getRequest, request);
  return {
    operation: "get",
    ...readOptions(shape),
    ids: normaliseIds(shape.ids, "ids", pageLimit),
    include_vectors: shape.include_vectors,
    include_metadata: shape.include_metadata,
  };
}

export function normaliseScroll(request: unknown): NormalScroll {
  const shape = checkShape(scrollRequest, request);
  return {
    operation: "scroll",
    ...readOptions(shape),
    filter: filterOf(shape.filter, "filter"),
    limit: shape.limit,
    cursor: shape.cursor,
    include_vectors: shape.include_vectors,
    include_metadata: shape.include_metadata,
  };
}

export function normaliseCount(request: unknown): NormalCount {
  const shape = checkShape(countRequest, request);
  return { operation: "count", ...readOptions(shape), filter: filterOf(shape.filter, "filter") };
}

interface ReadOptions {
  readonly collection: string;
  readonly consistency_level: NormalGet["consistency_level"];
  readonly timeout_ms: number;
  readonly after?: string | undefined;
}

function readOptions(shape: ReadOptions): Required<ReadOptions> {
  const { collection, consistency_level, timeout_ms, after } = shape;
  return { collection, consistency_level, timeout_ms, after };
}
