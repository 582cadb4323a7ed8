/** Values that rows are compared with: copied out of the caller's object, JSON and nothing else. */
import type { JsonObject, JsonValue } from "../base/index.js";
import { isPlainObject, nameOf } from "../protocol/index.js";
import type { ParseBudget } from "./parse-budget.js";
import { refusal } from "./refusal.js";

export interface LiteralPlace {
  readonly field: string;
  readonly depth: number;
  readonly budget: ParseBudget;
}

/** A copy of `value`. Errors: `INVALID_ARGUMENT` for what is not JSON, or has operators inside. */
export function parseLiteral(value: unknown, place: LiteralPlace): JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return parseItems(value, place);
  if (isPlainObject(value)) return parseMembers(value, place);
  const found = typeof value === "number" ? String(value) : nameOf(value);
  throw refusal(place.field, `must be JSON, not ${found}`);
}

function parseItems(
  items: readonly unknown[],
  { field, depth, budget }: LiteralPlace,
): JsonValue[] {
  budget.checkDepth(depth + 1, field);
  budget.spend(field);
  return Array.from(items, (item, index) => {
    const at = `${field}[${index}]`;
    budget.spend(at);
    return parseLiteral(item, { field: at, depth: depth + 1, budget });
  });
}

function parseMembers(
  object: Readonly<Record<string, unknown>>,
  { field, depth, budget }: LiteralPlace,
): JsonObject {
  budget.checkDepth(depth + 1, field);
  budget.spend(field);
  const copy: JsonObject = {};
  for (const [key, value] of Object.entries(object)) {
    const at = `${field}.${key}`;
    if (key.startsWith("$")) throw refusal(at, "is an operator where a value is compared");
    if (key === "__proto__") throw refusal(at, "is a key that no metadata has");
    budget.spend(at);
    copy[key] = parseLiteral(value, { field: at, depth: depth + 1, budget });
  }
  return copy;
}
