/** What each operator matches, as a table to read: the semantics of docs/FILTERS.md. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/index.js";
import { compileFilter, parseFilter } from "../../../src/filters/index.js";

interface Case {
  readonly filter: object;
  readonly yes?: readonly JsonObject[];
  readonly no?: readonly JsonObject[];
}

const groups: Readonly<Record<string, readonly Case[]>> = {
  "a bare value and $eq": [
    { filter: {}, yes: [{}, { a: 1 }] },
    { filter: { a: 1 }, yes: [{ a: 1 }, { a: 1, b: 2 }], no: [{}, { a: 2 }, { a: "1" }, { b: 1 }] },
    { filter: { a: { $eq: "x" } }, yes: [{ a: "x" }], no: [{ a: "xx" }, { a: null }] },
    { filter: { a: true }, yes: [{ a: true }], no: [{ a: 1 }, { a: "true" }, { a: false }] },
    { filter: { a: 0 }, yes: [{ a: 0 }, { a: -0 }], no: [{ a: false }, { a: "" }, { a: null }] },
    { filter: { a: 1, b: 2 }, yes: [{ a: 1, b: 2 }], no: [{ a: 1 }, { b: 2 }] },
  ],
  "null is a value and not an absence": [
    { filter: { a: null }, yes: [{ a: null }, { a: [1, null] }], no: [{}, { a: 0 }, { a: "" }] },
    { filter: { a: { $ne: null } }, yes: [{}, { a: 1 }], no: [{ a: null }, { a: [null] }] },
    { filter: { a: { $in: [null, 1] } }, yes: [{ a: null }, { a: 1 }], no: [{}, { a: 2 }] },
    { filter: { a: { $exists: true } }, yes: [{ a: null }], no: [{}] },
  ],
  "objects and arrays compared whole": [
    {
      filter: { a: { b: 1, c: [2] } },
      yes: [{ a: { b: 1, c: [2] } }, { a: { c: [2], b: 1 } }, { a: [{ b: 1, c: [2] }] }],
      no: [{ a: { b: 1 } }, { a: { b: 1, c: [2], d: 0 } }, { a: { b: 1, c: 2 } }],
    },
    { filter: { a: {} }, yes: [{ a: {} }, { a: [{}] }], no: [{}, { a: { b: 1 } }, { a: [] }] },
    {
      filter: { a: [1, 2] },
      yes: [{ a: [1, 2] }, { a: [[1, 2], 3] }],
      no: [{ a: [2, 1] }, { a: [1, 2, 3] }, { a: 1 }, { a: [[[1, 2]]] }],
    },
    { filter: { a: [] }, yes: [{ a: [] }, { a: [[]] }], no: [{}, { a: [1] }] },
  ],
  "a value against an array field": [
    { filter: { a: 1 }, yes: [{ a: [1] }, { a: [2, 1] }], no: [{ a: [] }, { a: [[1]] }] },
    { filter: { a: { $ne: 1 } }, yes: [{ a: [2] }, { a: [] }], no: [{ a: [2, 1] }] },
    { filter: { a: { $gt: 5 } }, yes: [{ a: [1, 6] }], no: [{ a: [1, 2] }, { a: [] }] },
    // Different elements may satisfy different operators, as in MongoDB.
    { filter: { a: { $gt: 5, $lt: 3 } }, yes: [{ a: [1, 9] }], no: [{ a: [4] }, { a: 4 }] },
  ],
  "$gt $gte $lt $lte": [
    { filter: { a: { $gt: 1 } }, yes: [{ a: 1.5 }], no: [{ a: 1 }, { a: "2" }, {}, { a: null }] },
    { filter: { a: { $gte: 1 } }, yes: [{ a: 1 }], no: [{ a: 0.9 }, { a: true }] },
    { filter: { a: { $lt: "b" } }, yes: [{ a: "a" }, { a: "" }], no: [{ a: "b" }, { a: 1 }] },
    { filter: { a: { $lte: "2024-01-31" } }, yes: [{ a: "2024-01-31" }], no: [{ a: "2024-02" }] },
    { filter: { a: { $gt: false } }, yes: [{ a: true }], no: [{ a: false }, { a: 1 }] },
    { filter: { a: { $gte: 1, $lt: 3 } }, yes: [{ a: 1 }, { a: 2 }], no: [{ a: 3 }, { a: 0 }] },
  ],
  "$in and $nin": [
    { filter: { a: { $in: [1, "x"] } }, yes: [{ a: 1 }, { a: "x" }, { a: [0, 1] }], no: [{}] },
    { filter: { a: { $in: [] } }, no: [{}, { a: 1 }, { a: [] }, { a: null }] },
    { filter: { a: { $in: [[1], { b: 1 }] } }, yes: [{ a: [1] }, { a: { b: 1 } }], no: [{ a: 1 }] },
    {
      filter: { a: { $nin: [1, 2] } },
      yes: [{}, { a: 3 }, { a: "1" }],
      no: [{ a: 1 }, { a: [2] }],
    },
    { filter: { a: { $nin: [] } }, yes: [{}, { a: 1 }] },
  ],
  "a missing field": [
    {
      filter: { $or: [{ a: 1 }, { a: { $gt: 0 } }, { a: { $in: [null] } }, { a: { $size: 0 } }] },
      no: [{}, { b: 1 }],
    },
    { filter: { a: { $ne: 1 } }, yes: [{}] },
    { filter: { a: { $nin: [1] } }, yes: [{}] },
    { filter: { a: { $exists: false } }, yes: [{}], no: [{ a: null }, { a: 1 }] },
    { filter: { a: { $not: { $gt: 1 } } }, yes: [{}, { a: 1 }, { a: "x" }], no: [{ a: 2 }] },
    { filter: { $nor: [{ a: 1 }] }, yes: [{}] },
  ],
  "$all $size $contains": [
    { filter: { a: { $all: [1, 2] } }, yes: [{ a: [2, 3, 1] }], no: [{ a: [1] }, { a: 1 }, {}] },
    { filter: { a: { $all: [1] } }, yes: [{ a: 1 }, { a: [1] }], no: [{ a: [] }] },
    { filter: { a: { $all: [[1, 2]] } }, yes: [{ a: [1, 2] }, { a: [[1, 2]] }], no: [{ a: [1] }] },
    { filter: { a: { $all: [] } }, no: [{}, { a: [] }, { a: [1] }] },
    { filter: { a: { $size: 2 } }, yes: [{ a: [1, 2] }], no: [{ a: [1] }, { a: "ab" }, {}] },
    { filter: { a: { $size: 0 } }, yes: [{ a: [] }], no: [{}, { a: null }, { a: [[]] }] },
    { filter: { a: { $contains: "ell" } }, yes: [{ a: "hello" }], no: [{ a: "help" }, {}] },
    { filter: { a: { $contains: "" } }, yes: [{ a: "" }, { a: "x" }], no: [{ a: 1 }] },
    { filter: { a: { $contains: "x" } }, yes: [{ a: ["x", "y"] }], no: [{ a: ["xx"] }] },
    { filter: { a: { $contains: { b: 1 } } }, yes: [{ a: [{ b: 1 }] }], no: [{ a: { b: 1 } }] },
    { filter: { a: { $contains: 1 } }, yes: [{ a: [1] }], no: [{ a: 1 }, { a: "1" }] },
  ],
  $regex: [
    { filter: { a: { $regex: "^ab+c$" } }, yes: [{ a: "abbc" }], no: [{ a: "ac" }, { a: 1 }, {}] },
    { filter: { a: { $regex: "b" } }, yes: [{ a: "abc" }, { a: ["x", "b"] }], no: [{ a: ["x"] }] },
    { filter: { a: { $regex: "ABC", $options: "i" } }, yes: [{ a: "xabcx" }] },
    { filter: { a: { $options: "i", $regex: "ABC" } }, yes: [{ a: "xabcx" }] },
    { filter: { a: { $regex: "^b$", $options: "m" } }, yes: [{ a: "a\nb\nc" }], no: [{ a: "ab" }] },
    { filter: { a: { $regex: "a", $ne: "ab" } }, yes: [{ a: "ac" }], no: [{ a: "ab" }] },
  ],
  "$and $or $nor $not": [
    { filter: { $and: [{ a: 1 }, { b: 2 }] }, yes: [{ a: 1, b: 2 }], no: [{ a: 1 }] },
    { filter: { $or: [{ a: 1 }, { b: 2 }] }, yes: [{ a: 1 }, { b: 2 }], no: [{ a: 2 }] },
    { filter: { $nor: [{ a: 1 }, { b: 2 }] }, yes: [{ a: 2 }], no: [{ a: 1 }, { b: 2 }] },
    { filter: { $not: { a: 1, b: 2 } }, yes: [{ a: 1 }, {}], no: [{ a: 1, b: 2 }] },
    { filter: { $or: [{ a: 1 }], b: 2 }, yes: [{ a: 1, b: 2 }], no: [{ a: 1 }, { b: 2 }] },
    { filter: { a: { $not: { $not: { $eq: 1 } } } }, yes: [{ a: 1 }], no: [{}, { a: 2 }] },
    { filter: { a: { $not: { $gte: 1, $lt: 3 } } }, yes: [{ a: 3 }, {}], no: [{ a: 2 }] },
    { filter: { $or: [{}] }, yes: [{}] },
    { filter: { $not: {} }, no: [{}, { a: 1 }] },
  ],
  "dotted paths": [
    {
      filter: { "a.b.c": 1 },
      yes: [{ a: { b: { c: 1 } } }],
      no: [{ "a.b.c": 1 }, { a: { b: 1 } }],
    },
    { filter: { "a.b": 1 }, yes: [{ a: [{ b: 1 }] }, { a: [{ b: 0 }, { b: [1] }] }] },
    { filter: { "a.b": 1 }, no: [{ a: [1] }, { a: [[{ b: 1 }]] }, { a: [] }, { a: "b" }] },
    { filter: { "a.1": "y" }, yes: [{ a: ["x", "y"] }, { a: { "1": "y" } }], no: [{ a: ["y"] }] },
    { filter: { "a.0.b": 1 }, yes: [{ a: [{ b: 1 }] }], no: [{ a: [{ b: 2 }, { b: 1 }] }] },
    {
      filter: { "a.b": { $exists: false } },
      yes: [{}, { a: [] }, { a: 1 }],
      no: [{ a: { b: 0 } }],
    },
    {
      filter: { "a.b": { $ne: 1 } },
      yes: [{}, { a: { b: 2 } }],
      no: [{ a: [{ b: 2 }, { b: 1 }] }],
    },
    { filter: { "a.b": { $size: 1 } }, yes: [{ a: [{ b: [1] }] }], no: [{ a: [{ b: 1 }] }] },
    { filter: { "": 1 }, yes: [{ "": 1 }], no: [{}] },
  ],
  "names that objects inherit": [
    { filter: { constructor: { $exists: true } }, yes: [{ constructor: 1 }], no: [{}] },
    { filter: { "constructor.name": "Object" }, no: [{}, { a: 1 }] },
    { filter: { "__proto__.toString": { $exists: true } }, no: [{}] },
    { filter: { "a.length": 1 }, no: [{ a: [1] }, { a: "x" }] },
    { filter: { a: { toString: 1 } }, no: [{ a: {} }], yes: [{ a: { toString: 1 } }] },
  ],
};

for (const [name, cases] of Object.entries(groups)) {
  describe(name, () => {
    for (const { filter, yes = [], no = [] } of cases) {
      const matches = compileFilter(parseFilter(filter));
      for (const metadata of yes) {
        it(`${JSON.stringify(filter)} matches ${JSON.stringify(metadata)}`, () => {
          expect(matches(metadata)).toBe(true);
        });
      }
      for (const metadata of no) {
        it(`${JSON.stringify(filter)} does not match ${JSON.stringify(metadata)}`, () => {
          expect(matches(metadata)).toBe(false);
        });
      }
    }
  });
}
