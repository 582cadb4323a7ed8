/**
 * The compiled filter against a second reading of docs/FILTERS.md, written the other way round: it
 * walks the raw filter for each row, collecting all values that a path leads to.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../../../src/base/index.js";
import { compileFilter, parseFilter } from "../../../src/filters/index.js";

type Operators = Record<string, unknown>;

/** Every value at `path`, at an array through its elements. */
function* valuesAt(value: unknown, path: readonly string[]): Generator {
  const [key, ...rest] = path;
  if (key === undefined) yield value;
  else if (Array.isArray(value)) {
    if (/^\d+$/.test(key)) {
      if (Number(key) < value.length) yield* valuesAt(value[Number(key)], rest);
    } else {
      for (const item of value) if (!Array.isArray(item)) yield* valuesAt(item, path);
    }
  } else if (typeof value === "object" && value !== null && Object.keys(value).includes(key)) {
    yield* valuesAt((value as Record<string, unknown>)[key], rest);
  }
}

/** Keys sorted, so that equal values have equal text. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function spread(values: readonly unknown[]): unknown[] {
  return values.flatMap((value) =>
    Array.isArray(value) ? [value, ...(value as unknown[])] : [value],
  );
}

function holds(
  operator: string,
  operand: unknown,
  values: readonly unknown[],
  all: Operators,
): boolean {
  const each = spread(values);
  const same = (a: unknown) => (b: unknown) => text(a) === text(b);
  const ordered = (test: (value: never, bound: never) => boolean): boolean =>
    each.some((value) => typeof value === typeof operand && test(value as never, operand as never));
  switch (operator) {
    case "$eq":
      return each.some(same(operand));
    case "$ne":
      return !each.some(same(operand));
    case "$in":
      return (operand as unknown[]).some((one) => each.some(same(one)));
    case "$nin":
      return !(operand as unknown[]).some((one) => each.some(same(one)));
    case "$gt":
      return ordered((value, bound) => value > bound);
    case "$gte":
      return ordered((value, bound) => value >= bound);
    case "$lt":
      return ordered((value, bound) => value < bound);
    case "$lte":
      return ordered((value, bound) => value <= bound);
    case "$exists":
      return values.length > 0 === operand;
    case "$all": {
      const wanted = operand as unknown[];
      return wanted.length > 0 && wanted.every((one) => each.some(same(one)));
    }
    case "$size":
      return values.some((value) => Array.isArray(value) && value.length === operand);
    case "$contains":
      return values.some((value) =>
        Array.isArray(value)
          ? value.some(same(operand))
          : typeof value === "string" && typeof operand === "string" && value.includes(operand),
      );
    case "$regex": {
      const regex = new RegExp(
        operand as string,
        `${(all["$options"] as string | undefined) ?? ""}u`,
      );
      return each.some((value) => typeof value === "string" && regex.test(value));
    }
    case "$options":
      return true;
    case "$not":
      return !allHold(operand as Operators, values);
    default:
      throw new Error(`unexpected ${operator}`);
  }
}

function allHold(operators: Operators, values: readonly unknown[]): boolean {
  return Object.entries(operators).every(([name, operand]) =>
    holds(name, operand, values, operators),
  );
}

function naive(filter: Operators, row: JsonObject): boolean {
  return Object.entries(filter).every(([key, operand]) => {
    const parts = operand as Operators[];
    if (key === "$and") return parts.every((part) => naive(part, row));
    if (key === "$or") return parts.some((part) => naive(part, row));
    if (key === "$nor") return !parts.some((part) => naive(part, row));
    if (key === "$not") return !naive(operand as Operators, row);
    const values = [...valuesAt(row, key.split("."))];
    const isOperators =
      typeof operand === "object" &&
      operand !== null &&
      Object.keys(operand).some((name) => name.startsWith("$"));
    return allHold(isOperators ? (operand as Operators) : { $eq: operand }, values);
  });
}

const key = fc.constantFrom("a", "b", "c", "0", "1", "constructor");
const scalar = fc.constantFrom<JsonValue>(0, 1, 2, -1.5, "", "a", "ab", "b1", true, false, null);
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3 }) as fc.Arbitrary<JsonObject>,
  ),
}));
const row = fc.dictionary(key, value, { maxKeys: 4 }) as fc.Arbitrary<JsonObject>;
const path = fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => keys.join("."));
const bound = fc.constantFrom(0, 1, 1.5, "a", "b", true);
const { operators } = fc.letrec<{ operators: Operators }>((tie) => ({
  operators: fc
    .record(
      {
        $eq: value,
        $ne: value,
        $in: fc.array(value, { maxLength: 3 }),
        $nin: fc.array(value, { maxLength: 3 }),
        $gt: bound,
        $gte: bound,
        $lt: bound,
        $lte: bound,
        $exists: fc.boolean(),
        $all: fc.array(value, { maxLength: 2 }),
        $size: fc.nat(3),
        $contains: value,
        $regex: fc.constantFrom("a", "^b", "\\d$", "A", "^$"),
        $not: fc.option(tie("operators"), { depthSize: "small", nil: { $exists: true } }),
      },
      { requiredKeys: [] },
    )
    .chain((all) => fc.subarray(Object.entries(all), { minLength: 1, maxLength: 2 }))
    .map((some): Operators => Object.fromEntries(some))
    .filter((some) => Object.keys(some).length > 0)
    .chain((some) =>
      "$regex" in some
        ? fc.constantFrom<Operators>(some, { ...some, $options: "i" })
        : fc.constant(some),
    ),
}));
const { filter } = fc.letrec<{ filter: Operators }>((tie) => {
  const filters = fc.array(tie("filter"), { minLength: 1, maxLength: 3 });
  const plain = value.filter((one) => !text(one).includes("$"));
  return {
    filter: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.dictionary(path, fc.oneof(plain, operators), { maxKeys: 2 }) as fc.Arbitrary<Operators>,
      fc.record({ $and: filters }),
      fc.record({ $or: filters }),
      fc.record({ $nor: filters }),
      fc.record({ $not: tie("filter") }),
    ),
  };
});

describe("a compiled filter", () => {
  it("agrees with a direct reading of the filter, for any filter and rows", () => {
    let admitted = 0;
    let refused = 0;
    fc.assert(
      fc.property(filter, fc.array(row, { minLength: 1, maxLength: 8 }), (some, rows) => {
        const before = JSON.stringify([some, rows]);
        const matches = compileFilter(parseFilter(some));
        for (const one of rows) {
          const expected = naive(some, one);
          if (expected) admitted++;
          else refused++;
          expect(matches(one), JSON.stringify(one)).toBe(expected);
        }
        expect(JSON.stringify([some, rows])).toBe(before);
      }),
      { numRuns: 3000 },
    );
    // Both outcomes are common: the comparison is worth something.
    expect(Math.min(admitted, refused)).toBeGreaterThan(1000);
  });

  it("never fails on any JSON, whatever the parser thinks of it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), row, (some, one) => {
        try {
          compileFilter(parseFilter(some))(one);
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
