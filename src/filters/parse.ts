/**
 * From a filter as callers write it to its AST. What is not understood is refused, never ignored:
 * a filter that silently loses a condition deletes the wrong rows.
 */
import { isPlainObject, nameOf } from "../protocol/index.js";
import { type FilterNode, allOf, anyOf, not } from "./ast.js";
import { parseLiteral } from "./literals.js";
import { ParseBudget } from "./parse-budget.js";
import { isFieldOperator, parseOperator, type OperatorPlace } from "./parse-operator.js";
import { refusal } from "./refusal.js";

/**
 * Parses a filter. `field` is its path in the request, for errors.
 * Errors: `INVALID_ARGUMENT` whose `field` is the path of the offence, e.g. `filter.year.$gte`.
 */
export function parseFilter(value: unknown, field = "filter"): FilterNode {
  return new Parser().filter(value, { field, depth: 0 });
}

/** Where the parser is. */
interface Place {
  readonly field: string;
  readonly depth: number;
}

class Parser {
  readonly #budget = new ParseBudget();

  filter(value: unknown, { field, depth }: Place): FilterNode {
    if (!isPlainObject(value)) throw refusal(field, `must be an object, not ${nameOf(value)}`);
    const nodes = Object.entries(value).map(([key, operand]) => {
      const place = { field: `${field}.${key}`, depth };
      return key.startsWith("$")
        ? this.#logical(key, operand, place)
        : this.#field(key.split("."), operand, place);
    });
    return allOf(nodes);
  }

  #logical(name: string, operand: unknown, place: Place): FilterNode {
    switch (name) {
      case "$and":
        return allOf(this.#filters(operand, place));
      case "$or":
        return anyOf(this.#filters(operand, place));
      case "$nor":
        return not(anyOf(this.#filters(operand, place)));
      case "$not":
        return not(this.filter(operand, this.#inside(place)));
      default:
        throw isFieldOperator(name)
          ? refusal(place.field, "must stand at a field, as in { year: { $gte: 2020 } }")
          : refusal(place.field, "is not a known operator");
    }
  }

  #filters(operand: unknown, place: Place): FilterNode[] {
    if (!Array.isArray(operand) || operand.length === 0) {
      throw refusal(place.field, "must be an array of at least one filter");
    }
    const inside = this.#inside(place);
    return Array.from(operand as readonly unknown[], (one, index) =>
      this.filter(one, { ...inside, field: `${place.field}[${index}]` }),
    );
  }

  #field(path: readonly string[], operand: unknown, { field, depth }: Place): FilterNode {
    const place: OperatorPlace = { path, field, depth, budget: this.#budget };
    if (isPlainObject(operand) && hasOperators(operand, field)) {
      return this.#operators(operand, place);
    }
    this.#budget.spend(field);
    const values = [parseLiteral(operand, place)];
    return { kind: "field", path, test: { op: "in", values } };
  }

  #operators(object: Readonly<Record<string, unknown>>, place: OperatorPlace): FilterNode {
    const nodes = Object.entries(object).map(([name, operand]) => {
      const at = { ...place, field: `${place.field}.${name}` };
      return name === "$not"
        ? this.#negated(operand, at)
        : parseOperator(name, { operand, siblings: object }, at);
    });
    return allOf(nodes);
  }

  /** `$not` at a field: over an object of operators. */
  #negated(operand: unknown, place: OperatorPlace): FilterNode {
    if (!isPlainObject(operand) || !hasOperators(operand, place.field)) {
      throw refusal(place.field, "must be an object of operators, as in { $not: { $gte: 2020 } }");
    }
    return not(this.#operators(operand, { ...place, ...this.#inside(place) }));
  }

  /** One level further in. */
  #inside({ field, depth }: Place): Place {
    this.#budget.spend(field);
    this.#budget.checkDepth(depth + 1, field);
    return { field, depth: depth + 1 };
  }
}

/** Whether an object at a field holds operators; it must not mix them with plain keys. */
function hasOperators(object: Readonly<Record<string, unknown>>, field: string): boolean {
  const keys = Object.keys(object);
  const operators = keys.filter((key) => key.startsWith("$"));
  if (operators.length === 0) return false;
  if (operators.length === keys.length) return true;
  throw refusal(`${field}.${operators[0] ?? ""}`, "stands beside keys that are no operators");
}
