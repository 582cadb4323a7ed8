/** JSON values: whether two are the same, and what stands at a path. */
import type { JsonObject, JsonValue } from "../base/index.js";

export function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Equal in type and content; the order of an object's keys does not matter. */
export function isEqual(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left, right);
  return isObject(left) && isObject(right) && sameMembers(left, right);
}

function sameItems(left: readonly JsonValue[], right: readonly JsonValue[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((item, index) => isEqual(item, right[index] as JsonValue));
}

function sameMembers(left: JsonObject, right: JsonObject): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) => Object.hasOwn(right, key) && isEqual(left[key] as JsonValue, right[key] as JsonValue),
  );
}

export type ValueTest = (value: JsonValue) => boolean;

/** One step of a path. */
interface Step {
  readonly key: string;
  /** The element that the step picks of an array. */
  readonly index: number | undefined;
}

/**
 * Whether `test` passes for any value at `path`. At an array a whole number goes to that element
 * (and nowhere else, so that each value is reached in one way and a walk stays linear); any other
 * key goes to that member of each element that is an object. Only own properties count.
 */
export function testAt(path: readonly string[], test: ValueTest): (root: JsonObject) => boolean {
  const steps = path.map((key) => ({ key, index: indexOf(key) }));
  const [first] = steps;
  if (steps.length === 1 && first) {
    const { key } = first;
    return (root) => Object.hasOwn(root, key) && test(root[key] as JsonValue);
  }
  return (root) => testFrom(root, 0, steps, test);
}

function indexOf(key: string): number | undefined {
  return /^(0|[1-9]\d{0,9})$/.test(key) ? Number(key) : undefined;
}

function testFrom(
  start: JsonValue,
  from: number,
  steps: readonly Step[],
  test: ValueTest,
): boolean {
  let value = start;
  for (let at = from; at < steps.length; at++) {
    if (Array.isArray(value)) return testElements(value, at, steps, test);
    const { key } = steps[at] as Step;
    if (!isObject(value) || !Object.hasOwn(value, key)) return false;
    value = value[key] as JsonValue;
  }
  return test(value);
}

function testElements(
  items: readonly JsonValue[],
  at: number,
  steps: readonly Step[],
  test: ValueTest,
): boolean {
  const { index } = steps[at] as Step;
  if (index === undefined) {
    return items.some((item) => isObject(item) && testFrom(item, at, steps, test));
  }
  return index < items.length && testFrom(items[index] as JsonValue, at + 1, steps, test);
}
