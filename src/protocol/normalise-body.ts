/** From the body of a request to its normal form, in one step: what a worker does first. */
import { invalid } from "../base/index.js";
import { normalise, type NormalRequests } from "./normalise.js";
import type { NormalSearchBatch } from "./normal-requests.js";
import { normaliseSearchBatch, type BatchPart } from "./normalise-search.js";
import { isPlainObject, nameOf } from "./plain-object.js";
import { decodeBody } from "./request-body.js";
import type { BodyFormat, RowOperation } from "./vector-store.js";

/**
 * Decodes and checks a request of `operation`; `collection` replaces one in the body.
 * Metadata in the result may be views of `body`. Errors: `INVALID_ARGUMENT`, `TOO_LARGE`.
 */
export function normaliseBody<O extends RowOperation>(
  operation: O,
  collection: string,
  format: BodyFormat,
  body: Uint8Array,
): NormalRequests[O] {
  return normalise(operation, requestOf(collection, format, body));
}

/** Decodes a search_batch and checks one part of it: as `normaliseBody` does the whole. */
export function normaliseBatchPart(
  part: BatchPart,
  collection: string,
  format: BodyFormat,
  body: Uint8Array,
): NormalSearchBatch {
  return normaliseSearchBatch(requestOf(collection, format, body), part);
}

function requestOf(collection: string, format: BodyFormat, body: Uint8Array): object {
  const request = decodeBody(format, body);
  if (!isPlainObject(request)) {
    throw invalid(`the body must be an object, not ${nameOf(request)}`);
  }
  return { ...request, collection };
}
