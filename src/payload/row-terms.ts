/**
 * What an index notes of a row's metadata: for every path, the values that it leads to. It follows
 * the rules of docs/FILTERS.md, so that a test of a field is a question about terms alone:
 *
 * - `value`: a plain value that stands there; `leads` for a container that does;
 * - `element`: a plain element of an array that stands there;
 * - `size`: the number of elements of an array that stands there.
 *
 * Paths with a whole number among their keys are left out: such a key may also pick an element of an
 * array. Filters that use one are not answered by an index.
 */
import type { JsonObject, JsonValue } from "../base/index.js";

export type PlainValue = null | boolean | number | string;
export const families = ["value", "element", "size"] as const;
export type Family = (typeof families)[number];

export interface TermSink {
  /** False: take nothing more of this row. */
  term(path: string, family: Family, value: PlainValue): boolean;
  /** An array or an object stands at the path. */
  leads(path: string): boolean;
}

/** Whether an index knows the path; one key of it can be a member's name only. */
export function isIndexedKey(key: string): boolean {
  return !key.includes(".") && !/^\d+$/.test(key);
}

/** Hands all terms of a row to `sink`; false when the sink took not all of them. */
export function takeTerms(metadata: JsonObject, sink: TermSink): boolean {
  return takeMembers(metadata, "", sink);
}

function takeMembers(object: JsonObject, prefix: string, sink: TermSink): boolean {
  for (const key of Object.keys(object)) {
    if (!isIndexedKey(key)) continue;
    if (!takeValue(object[key] as JsonValue, prefix + key, sink)) return false;
  }
  return true;
}

function takeValue(value: JsonValue, path: string, sink: TermSink): boolean {
  if (isPlain(value)) return sink.term(path, "value", value);
  if (!sink.leads(path)) return false;
  if (!Array.isArray(value)) return takeMembers(value, `${path}.`, sink);
  if (!sink.term(path, "size", value.length)) return false;
  for (const item of value as readonly JsonValue[]) {
    if (!takeElement(item, path, sink)) return false;
  }
  return true;
}

function takeElement(item: JsonValue, path: string, sink: TermSink): boolean {
  if (isPlain(item)) return sink.term(path, "element", item);
  return Array.isArray(item) || takeMembers(item, `${path}.`, sink);
}

export function isPlain(value: JsonValue): value is PlainValue {
  return typeof value !== "object" || value === null;
}
