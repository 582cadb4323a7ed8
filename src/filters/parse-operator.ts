/** The operators that stand at a field, each to its normal form. */
import { nameOf } from "../protocol/index.js";
import {
  type FieldTest,
  type FilterNode,
  type Ordered,
  type RangeBound,
  allOf,
  anyOf,
  not,
} from "./ast.js";
import { regexProblem } from "./linear-regex.js";
import { parseLiteral } from "./literals.js";
import type { ParseBudget } from "./parse-budget.js";
import { refusal } from "./refusal.js";

/** Where an operator stands. */
export interface OperatorPlace {
  /** The field's path in the metadata. */
  readonly path: readonly string[];
  /** The operator's path in the request. */
  readonly field: string;
  readonly depth: number;
  readonly budget: ParseBudget;
}

/** What an operator is given, and the object that it stands in. */
export interface Operand {
  readonly operand: unknown;
  readonly siblings: Readonly<Record<string, unknown>>;
}

type OperatorParser = (given: Operand, place: OperatorPlace) => FilterNode;

const operators: ReadonlyMap<string, OperatorParser> = new Map<string, OperatorParser>([
  ["$eq", ({ operand }, place) => equalTo([operand], place)],
  ["$ne", ({ operand }, place) => not(equalTo([operand], place))],
  ["$in", ({ operand }, place) => oneOf(operand, place)],
  ["$nin", ({ operand }, place) => not(oneOf(operand, place))],
  ["$gt", (given, place) => range("gt", given, place)],
  ["$gte", (given, place) => range("gte", given, place)],
  ["$lt", (given, place) => range("lt", given, place)],
  ["$lte", (given, place) => range("lte", given, place)],
  ["$exists", exists],
  ["$contains", contains],
  ["$all", allElements],
  ["$size", size],
  ["$regex", regex],
  ["$options", options],
]);

export function isFieldOperator(name: string): boolean {
  return operators.has(name);
}

/** Parses the operator `name` at a field. Errors: `INVALID_ARGUMENT`. */
export function parseOperator(name: string, given: Operand, place: OperatorPlace): FilterNode {
  const parse = operators.get(name);
  if (!parse) throw refusal(place.field, "is not a known operator");
  place.budget.spend(place.field);
  return parse(given, place);
}

function fieldNode({ path }: OperatorPlace, test: FieldTest): FilterNode {
  return { kind: "field", path, test };
}

function equalTo(values: readonly unknown[], place: OperatorPlace): FilterNode {
  const parsed = values.map((value) => parseLiteral(value, place));
  return fieldNode(place, { op: "in", values: parsed });
}

function oneOf(operand: unknown, place: OperatorPlace): FilterNode {
  const items = listOf(operand, place);
  const values = items.map((value, index) =>
    parseLiteral(value, { ...place, field: `${place.field}[${index}]` }),
  );
  return fieldNode(place, { op: "in", values });
}

/** Nothing has all elements of an empty list, as in MongoDB. */
function allElements({ operand }: Operand, place: OperatorPlace): FilterNode {
  const items = listOf(operand, place);
  if (items.length === 0) return anyOf([]);
  return allOf(
    items.map((value, index) => {
      const at = { ...place, field: `${place.field}[${index}]` };
      at.budget.spend(at.field);
      return equalTo([value], at);
    }),
  );
}

function range(bound: RangeBound, { operand }: Operand, place: OperatorPlace): FilterNode {
  const value = parseLiteral(operand, place);
  if (value === null || typeof value === "object") {
    throw refusal(place.field, "must be a number, a string or a boolean");
  }
  const ordered: Ordered = value;
  return fieldNode(place, { op: "range", bound, value: ordered });
}

function exists({ operand }: Operand, place: OperatorPlace): FilterNode {
  if (typeof operand !== "boolean") throw refusal(place.field, "must be true or false");
  const node = fieldNode(place, { op: "exists" });
  return operand ? node : not(node);
}

function contains({ operand }: Operand, place: OperatorPlace): FilterNode {
  return fieldNode(place, { op: "contains", value: parseLiteral(operand, place) });
}

function size({ operand }: Operand, place: OperatorPlace): FilterNode {
  if (typeof operand !== "number" || !Number.isSafeInteger(operand) || operand < 0) {
    throw refusal(place.field, "must be a whole number, 0 or more");
  }
  return fieldNode(place, { op: "size", size: operand });
}

function regex({ operand, siblings }: Operand, place: OperatorPlace): FilterNode {
  if (typeof operand !== "string") throw refusal(place.field, "must be a pattern as a string");
  const flags = siblings["$options"] ?? "";
  if (typeof flags !== "string") throw refusal(place.field, "has $options that are no string");
  const problem = regexProblem(operand, flags);
  if (problem !== undefined) throw refusal(place.field, problem);
  return fieldNode(place, { op: "regex", pattern: operand, flags });
}

/** Read together with `$regex`; a condition of its own it is not. */
function options({ siblings }: Operand, place: OperatorPlace): FilterNode {
  if (Object.hasOwn(siblings, "$regex")) return allOf([]);
  throw refusal(place.field, "must stand beside $regex");
}

function listOf(operand: unknown, place: OperatorPlace): readonly unknown[] {
  if (!Array.isArray(operand))
    throw refusal(place.field, `must be an array, not ${nameOf(operand)}`);
  return Array.from(operand as readonly unknown[]);
}
