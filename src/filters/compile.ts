/** From the AST of a filter to a function: everything that can be decided once is decided here. */
import { unreachable, type JsonObject, type JsonValue } from "../base/index.js";
import type { FieldTest, FilterNode, Ordered, RangeBound } from "./ast.js";
import { compileRegex } from "./linear-regex.js";
import { isEqual, testAt, type ValueTest } from "./values.js";

/** Whether the row with this metadata is admitted. Never throws, never changes the metadata. */
export type Predicate = (metadata: JsonObject) => boolean;

export function compileFilter(node: FilterNode): Predicate {
  switch (node.kind) {
    case "all": {
      const parts = node.nodes.map(compileFilter);
      return (metadata) => parts.every((part) => part(metadata));
    }
    case "any": {
      const parts = node.nodes.map(compileFilter);
      return (metadata) => parts.some((part) => part(metadata));
    }
    case "not": {
      const part = compileFilter(node.node);
      return (metadata) => !part(metadata);
    }
    case "field":
      return testAt(node.path, compileTest(node.test));
    default:
      return unreachable(node);
  }
}

function compileTest(test: FieldTest): ValueTest {
  switch (test.op) {
    case "in":
      return orAnyElement(equalToOneOf(test.values));
    case "range":
      return orAnyElement(within(test.bound, test.value));
    case "exists":
      return () => true;
    case "contains":
      return containing(test.value);
    case "size":
      return (value) => Array.isArray(value) && value.length === test.size;
    case "regex": {
      const regex = compileRegex(test.pattern, test.flags);
      return orAnyElement((value) => typeof value === "string" && regex.test(value));
    }
    default:
      return unreachable(test);
  }
}

/** A value against an array matches the array itself or any of its elements. */
function orAnyElement(test: ValueTest): ValueTest {
  return (value) => test(value) || (Array.isArray(value) && value.some(test));
}

function equalToOneOf(values: readonly JsonValue[]): ValueTest {
  const [only] = values;
  if (values.length === 1 && only !== undefined && !isContainer(only)) {
    return (value) => value === only;
  }
  const plain = new Set(values.filter((value) => !isContainer(value)));
  const containers = values.filter(isContainer);
  return (value) =>
    plain.has(value) ||
    (isContainer(value) && containers.some((container) => isEqual(container, value)));
}

function isContainer(value: JsonValue): boolean {
  return typeof value === "object" && value !== null;
}

/** Strings compare by UTF-16 code units, false comes before true. */
function within(bound: RangeBound, limit: Ordered): ValueTest {
  const type = typeof limit;
  switch (bound) {
    case "gt":
      return (value) => typeof value === type && (value as Ordered) > limit;
    case "gte":
      return (value) => typeof value === type && (value as Ordered) >= limit;
    case "lt":
      return (value) => typeof value === type && (value as Ordered) < limit;
    case "lte":
      return (value) => typeof value === type && (value as Ordered) <= limit;
    default:
      return unreachable(bound);
  }
}

function containing(part: JsonValue): ValueTest {
  return (value) => {
    if (Array.isArray(value)) return value.some((item) => isEqual(item, part));
    return typeof value === "string" && typeof part === "string" && value.includes(part);
  };
}
