/** How a filter is refused: by saying where in it, and why. */
import { invalid, type DvespError } from "../base/index.js";

/** `field` is the path in the request, e.g. `filter.$or[1].year.$gte`; `reason` goes on from it. */
export function refusal(field: string, reason: string): DvespError {
  return invalid(`${field} ${reason}`, field);
}
