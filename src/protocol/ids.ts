/** Ids of a call: UUIDs in either letter case, made lower-case, each at most once. */
import { isUuid, limits } from "../base/index.js";
import type { DvespError } from "../base/index.js";
import { nameOf } from "./plain-object.js";
import { refusal, tooLarge } from "./refusal.js";

/** How many items a list may hold, and how more of them are refused. */
export interface ListLimit {
  readonly countMax: number;
  readonly refuse: (field: string, reason: string) => DvespError;
}

/** For calls that write. */
export const batchLimit: ListLimit = { countMax: limits.batchRowsMax, refuse: tooLarge };
/** For calls that read. */
export const pageLimit: ListLimit = { countMax: limits.pageRowsMax, refuse: refusal };
/** For the queries of one search_batch. */
export const queriesLimit: ListLimit = { countMax: limits.batchQueriesMax, refuse: refusal };

/** Checks `value`, a list of ids; `field` is its path in the request. */
export function normaliseIds(value: unknown, field: string, limit: ListLimit): string[] {
  const ids: string[] = [];
  const seen = new Set<string>();
  for (const text of stringsOf(value, field, limit)) {
    const at = `${field}[${ids.length}]`;
    if (!isUuid(text)) throw refusal(at, "must be a UUID");
    const id = text.toLowerCase();
    if (seen.has(id)) throw refusal(at, `repeats ${id}`);
    seen.add(id);
    ids.push(id);
  }
  return ids;
}

/** Checks `value`, a list of at least one string, none of them empty. */
export function stringsOf(value: unknown, field: string, limit: ListLimit): readonly string[] {
  const items = itemsOf(value, field, limit);
  for (const [index, item] of items.entries()) {
    if (typeof item === "string" && item !== "") continue;
    const found = item === "" ? "an empty one" : nameOf(item);
    throw refusal(`${field}[${index}]`, `must be a string, not ${found}`);
  }
  return items as readonly string[];
}

/** Checks that `value` is an array of at least one item. */
export function itemsOf(value: unknown, field: string, limit: ListLimit): readonly unknown[] {
  if (!Array.isArray(value)) throw refusal(field, `must be an array, not ${nameOf(value)}`);
  if (value.length === 0) throw refusal(field, "must have at least one item");
  if (value.length <= limit.countMax) return value;
  throw limit.refuse(field, `has ${value.length} items; ${limit.countMax} are allowed`);
}
