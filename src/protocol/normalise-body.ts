/** From the body of a request to its normal form, in one step: what a worker does first. */
import { invalid } from "../base/index.js";
import { normalise, type NormalRequests } from "./normalise.js";
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
  const request = decodeBody(format, body);
  if (!isPlainObject(request)) {
    throw invalid(`the body must be an object, not ${nameOf(request)}`);
  }
  return normalise(operation, { ...request, collection });
}
