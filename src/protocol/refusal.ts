/** The two ways in which a request is refused here; both say which member offends. */
import { DvespError, invalid } from "../base/index.js";

/** `field` is the member's path in the request, e.g. `vectors[3]`; `reason` goes on from it. */
export function refusal(field: string, reason: string): DvespError {
  return invalid(`${field} ${reason}`, field);
}

export function tooLarge(field: string, reason: string): DvespError {
  return new DvespError("TOO_LARGE", `${field} ${reason}`, { field });
}
