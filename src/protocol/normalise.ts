/**
 * Requests as callers make them, typed or decoded, to normal requests: the one place where defaults
 * are filled in and limits held. What leaves here can be trusted by everything inside.
 *
 * Every refusal is `INVALID_ARGUMENT` or `TOO_LARGE`, names the offending member in `field`, and
 * comes before anything was done. Requests are only read, and nothing of them is kept but strings,
 * filters and metadata that came in encoded.
 */
import type { NormalRequest } from "./normal-requests.js";
import { normaliseCount, normaliseGet, normaliseScroll } from "./normalise-read.js";
import { normaliseSearch, normaliseSearchBatch } from "./normalise-search.js";
import { normaliseDelete, normaliseInsert, normaliseUpdate } from "./normalise-write.js";
import type { RowOperation } from "./vector-store.js";

/** The normal request of each operation on rows. */
export type NormalRequests = {
  readonly [O in RowOperation]: Extract<NormalRequest, { operation: O }>;
};

const normalisers: { readonly [O in RowOperation]: (request: unknown) => NormalRequests[O] } = {
  insert: normaliseInsert,
  update: normaliseUpdate,
  delete: normaliseDelete,
  search: normaliseSearch,
  search_batch: normaliseSearchBatch,
  get: normaliseGet,
  scroll: normaliseScroll,
  count: normaliseCount,
};

/** Checks a request of `operation`. Errors: `INVALID_ARGUMENT`, `TOO_LARGE`. */
export function normalise<O extends RowOperation>(
  operation: O,
  request: unknown,
): NormalRequests[O] {
  return normalisers[operation](request);
}
