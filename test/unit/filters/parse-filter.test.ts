/** What the parser refuses, and the normal form of what it accepts. */
import { describe, expect, it } from "vitest";
import type { DvespError } from "../../../src/base/index.js";
import { compileFilter, parseFilter } from "../../../src/filters/index.js";
import { refusalOf as refusalOfAction } from "../protocol/refusal-of.js";

function refusalOf(filter: unknown): DvespError {
  return refusalOfAction(() => parseFilter(filter));
}

function wrapped(operator: "$not" | "$and", levels: number): object {
  let filter: object = { a: { $gt: 1 } };
  for (let level = 0; level < levels; level++) {
    filter = { [operator]: operator === "$not" ? filter : [filter] };
  }
  return filter;
}

function deepLiteral(levels: number): object {
  let value: object = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

const self: Record<string, unknown> = {};
self["self"] = self;

const refused: readonly (readonly [filter: unknown, field: string])[] = [
  [null, "filter"],
  [undefined, "filter"],
  ["a", "filter"],
  [[{ a: 1 }], "filter"],
  [new Map([["a", 1]]), "filter"],
  [{ a: undefined }, "filter.a"],
  [{ a: NaN }, "filter.a"],
  [{ a: Infinity }, "filter.a"],
  [{ a: 1n }, "filter.a"],
  [{ a: new Date(0) }, "filter.a"],
  [{ a: /x/ }, "filter.a"],
  [{ a: () => 1 }, "filter.a"],
  [{ a: [1, { b: undefined }] }, "filter.a[1].b"],
  [{ a: { b: { $gt: 1 } } }, "filter.a.b.$gt"],
  [{ a: { $eq: { $gt: 1 } } }, "filter.a.$eq.$gt"],
  [{ a: { $gt: 1, b: 2 } }, "filter.a.$gt"],
  [{ a: { $foo: 1 } }, "filter.a.$foo"],
  [{ a: { $elemMatch: { b: 1 } } }, "filter.a.$elemMatch"],
  [{ a: { $and: [{ $gt: 1 }] } }, "filter.a.$and"],
  [{ $foo: 1 }, "filter.$foo"],
  [{ $gt: 1 }, "filter.$gt"],
  [{ $where: "1" }, "filter.$where"],
  [{ $and: [] }, "filter.$and"],
  [{ $or: {} }, "filter.$or"],
  [{ $or: [{ a: 1 }, 5] }, "filter.$or[1]"],
  [{ $nor: [{ a: { $gt: null } }] }, "filter.$nor[0].a.$gt"],
  [{ $not: [{ a: 1 }] }, "filter.$not"],
  [{ a: { $not: 1 } }, "filter.a.$not"],
  [{ a: { $not: {} } }, "filter.a.$not"],
  [{ a: { $not: { b: 1 } } }, "filter.a.$not"],
  [{ a: { $lt: [1] } }, "filter.a.$lt"],
  [{ a: { $lte: {} } }, "filter.a.$lte"],
  [{ a: { $in: 1 } }, "filter.a.$in"],
  [{ a: { $nin: [1, undefined] } }, "filter.a.$nin[1]"],
  [{ a: { $in: new Array(2) } }, "filter.a.$in[0]"],
  [{ a: { $all: "x" } }, "filter.a.$all"],
  [{ a: { $size: -1 } }, "filter.a.$size"],
  [{ a: { $size: 1.5 } }, "filter.a.$size"],
  [{ a: { $size: "1" } }, "filter.a.$size"],
  [{ a: { $exists: 1 } }, "filter.a.$exists"],
  [{ a: { $contains: undefined } }, "filter.a.$contains"],
  [{ a: { $regex: 5 } }, "filter.a.$regex"],
  [{ a: { $regex: "(" } }, "filter.a.$regex"],
  [{ a: { $regex: "a(?=b)" } }, "filter.a.$regex"],
  [{ a: { $regex: "(a)\\1" } }, "filter.a.$regex"],
  [{ a: { $regex: "a{5000}" } }, "filter.a.$regex"],
  [{ a: { $regex: "a".repeat(2000) } }, "filter.a.$regex"],
  [{ a: { $regex: "a", $options: "g" } }, "filter.a.$regex"],
  [{ a: { $regex: "a", $options: "ii" } }, "filter.a.$regex"],
  [{ a: { $regex: "a", $options: 1 } }, "filter.a.$regex"],
  [{ a: { $options: "i" } }, "filter.a.$options"],
  [JSON.parse('{"a":{"__proto__":{"b":1}}}'), "filter.a.__proto__"],
];

describe("parseFilter refuses", () => {
  it.each(refused)("%o", (filter, field) => {
    const error = refusalOf(filter);
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.field).toBe(field);
    expect(error.message.startsWith(field)).toBe(true);
  });

  it("an object that contains itself", () => {
    expect(refusalOf({ a: self }).code).toBe("INVALID_ARGUMENT");
    expect(refusalOf({ $not: self }).code).toBe("INVALID_ARGUMENT");
  });

  it("under the field that it is given", () => {
    expect(() => parseFilter({ a: { $size: -1 } }, "queries[3].filter")).toThrow(
      /^queries\[3\]\.filter\.a\.\$size /,
    );
  });
});

describe("bounds", () => {
  it.each(["$not", "$and"] as const)("32 levels of %s, not 33", (operator) => {
    expect(() => parseFilter(wrapped(operator, 32))).not.toThrow();
    expect(refusalOf(wrapped(operator, 33)).message).toMatch(/deeper than 32/);
  });

  it("32 levels of a compared value, not 33", () => {
    expect(() => parseFilter({ a: deepLiteral(32) })).not.toThrow();
    expect(refusalOf({ a: deepLiteral(33) }).message).toMatch(/deeper than 32/);
  });

  it("1,000 nodes, not 1,001", () => {
    const conditions = (count: number) => Array.from({ length: count }, (_, a) => ({ a }));
    expect(() => parseFilter({ $or: conditions(999) })).not.toThrow();
    expect(refusalOf({ $or: conditions(1000) }).message).toMatch(/1000 conditions/);
    expect(refusalOf({ a: { $all: Array.from({ length: 1001 }, () => 1) } }).field).toMatch(
      /\$all/,
    );
    expect(refusalOf({ a: { $in: Array.from({ length: 1001 }, () => []) } }).field).toMatch(/\$in/);
    expect(refusalOf({ a: Array.from({ length: 1001 }, () => 1) }).message).toMatch(/conditions/);
  });

  it("any number of plain values of $in: they are looked up", () => {
    const matches = compileFilter(
      parseFilter({ a: { $in: Array.from({ length: 50_000 }, (_, n) => n) } }),
    );
    expect(matches({ a: 49_999 })).toBe(true);
    expect(matches({ a: 50_000 })).toBe(false);
  });

  it("a very deep body does not overflow the stack", () => {
    const deep: unknown = JSON.parse(`${'{"$not":'.repeat(200_000)}{}${"}".repeat(200_000)}`);
    expect(refusalOf(deep).message).toMatch(/deeper than 32/);
    const literal: unknown = JSON.parse(`{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
    expect(refusalOf(literal).message).toMatch(/deeper than 32/);
  });
});

describe("the normal form", () => {
  const field = (path: string, test: object) => ({ kind: "field", path: path.split("."), test });

  it("has one spelling for each meaning", () => {
    const equal = field("a.b", { op: "in", values: [1] });
    expect(parseFilter({ "a.b": 1 })).toEqual(equal);
    expect(parseFilter({ $and: [{ "a.b": { $eq: 1 } }] })).toEqual(equal);
    expect(parseFilter({ $not: { "a.b": { $ne: 1 } } })).toEqual(equal);
    expect(parseFilter({ "a.b": { $nin: [1] } })).toEqual({ kind: "not", node: equal });
    expect(parseFilter({ $nor: [{ "a.b": 1 }] })).toEqual({ kind: "not", node: equal });
    expect(parseFilter({ a: { $exists: false } })).toEqual({
      kind: "not",
      node: field("a", { op: "exists" }),
    });
  });

  it("is flat", () => {
    const one = field("a", { op: "in", values: [1] });
    const two = field("b", { op: "in", values: [2] });
    const both = { kind: "all", nodes: [one, two] };
    expect(parseFilter({ a: 1, b: 2 })).toEqual(both);
    expect(parseFilter({ $and: [{ a: 1 }, { $and: [{ b: 2 }] }] })).toEqual(both);
    expect(parseFilter({})).toEqual({ kind: "all", nodes: [] });
    expect(parseFilter({ a: { $all: [] } })).toEqual({ kind: "any", nodes: [] });
    expect(parseFilter({ $or: [{ a: 1 }, { $or: [{ b: 2 }] }] })).toEqual({
      kind: "any",
      nodes: [one, two],
    });
  });

  it("keeps nothing of what the caller holds", () => {
    const values = [{ b: [1] }];
    const filter = { a: { $in: values } };
    const matches = compileFilter(parseFilter(filter));
    values[0]!.b[0] = 2;
    values.pop();
    expect(matches({ a: { b: [1] } })).toBe(true);
  });
});
