/** The filter of a request, which the filters folder parses later: here only its outermost form. */
import { isPlainObject, nameOf } from "./plain-object.js";
import { refusal } from "./refusal.js";
import type { Filter } from "./types.js";

/** `value`, which must be an object if it is there; `field` is its path in the request. */
export function filterOf(value: unknown, field: string): Filter | undefined {
  if (value === undefined || isPlainObject(value)) return value;
  throw refusal(field, `must be an object, not ${nameOf(value)}`);
}
