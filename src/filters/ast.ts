/**
 * A filter after parsing. Every operator of the contract comes down to these few forms, so that
 * whoever works on filters (the compiler here, a planner) has few cases and no spelling variants:
 *
 * - `$eq` and a bare value are `in` with one value; `$ne`, `$nin`, `$nor`, `$exists: false` are
 *   `not` over their positive form; `$all` is `all` over one `in` per value.
 * - `all` and `any` hold no node of their own kind, and never exactly one node; `not` holds no `not`.
 * - `all` of nothing matches every row, `any` of nothing and `in` of nothing match none.
 *
 * A node keeps nothing of the object it was parsed from.
 */
import type { JsonValue } from "../base/index.js";

export type FilterNode =
  | { readonly kind: "all"; readonly nodes: readonly FilterNode[] }
  | { readonly kind: "any"; readonly nodes: readonly FilterNode[] }
  | { readonly kind: "not"; readonly node: FilterNode }
  | FieldNode;

/** A test of what stands at a path; a path that leads nowhere passes no test. */
export interface FieldNode {
  readonly kind: "field";
  /** Keys from the outermost object inwards; a whole number also picks an element of an array. */
  readonly path: readonly string[];
  readonly test: FieldTest;
}

export type RangeBound = "gt" | "gte" | "lt" | "lte";
/** What has an order; values compare only with their own type. */
export type Ordered = number | string | boolean;

export type FieldTest =
  /** Equal to one of `values`; of an array: itself, or any of its elements. */
  | { readonly op: "in"; readonly values: readonly JsonValue[] }
  /** On one side of `value`; of an array: any of its elements. */
  | { readonly op: "range"; readonly bound: RangeBound; readonly value: Ordered }
  /** There at all, be it null. */
  | { readonly op: "exists" }
  /** A string with `value` in it, or an array with an element equal to `value`. */
  | { readonly op: "contains"; readonly value: JsonValue }
  /** An array of `size` elements. */
  | { readonly op: "size"; readonly size: number }
  /** A string that the pattern is found in, or an array with such an element. */
  | { readonly op: "regex"; readonly pattern: string; readonly flags: string };

/** Every one of `nodes`. */
export function allOf(nodes: readonly FilterNode[]): FilterNode {
  const flat = nodes.flatMap((node) => (node.kind === "all" ? node.nodes : [node]));
  return flat.length === 1 && flat[0] ? flat[0] : { kind: "all", nodes: flat };
}

/** At least one of `nodes`. */
export function anyOf(nodes: readonly FilterNode[]): FilterNode {
  const flat = nodes.flatMap((node) => (node.kind === "any" ? node.nodes : [node]));
  return flat.length === 1 && flat[0] ? flat[0] : { kind: "any", nodes: flat };
}

export function not(node: FilterNode): FilterNode {
  return node.kind === "not" ? node.node : { kind: "not", node };
}
