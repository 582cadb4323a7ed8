/** Metadata: JSON in, the same JSON out, and everything else refused with its path. */
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/index.js";
import {
  decodeMetadata,
  emptyMetadata,
  encodeMetadata,
  mergeMetadata,
} from "../../../src/protocol/index.js";
import { takeMetadata } from "../../../src/protocol/metadata.js";
import { MsgpackCursor } from "../../../src/protocol/msgpack-cursor.js";
import { refusalOf } from "./refusal-of.js";

/** Objects as JSON.parse makes them, -0 and `__proto__` aside. */
const object = fc
  .dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject)
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

function nested(levels: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

const circular: Record<string, unknown> = { name: "x" };
circular["self"] = [circular];

const refused: readonly (readonly [name: string, value: unknown, field: string])[] = [
  ["null", null, "metadata[3]"],
  ["an array", [1], "metadata[3]"],
  ["a string", "{}", "metadata[3]"],
  ["a Map", new Map(), "metadata[3]"],
  ["undefined inside", { a: { b: undefined } }, "metadata[3].a.b"],
  ["NaN", { a: [0, NaN] }, "metadata[3].a[1]"],
  ["infinity", { a: -Infinity }, "metadata[3].a"],
  ["a bigint", { a: 1n }, "metadata[3].a"],
  ["a date", { a: new Date(0) }, "metadata[3].a"],
  ["bytes", { a: Uint8Array.of(1) }, "metadata[3].a"],
  ["a function", { a: () => 1 }, "metadata[3].a"],
  ["a symbol", { a: Symbol("x") }, "metadata[3].a"],
  ["a hole in an array", { a: new Array(2) }, "metadata[3].a[0]"],
  ["half of a surrogate pair", { a: "x\ud83d" }, "metadata[3].a"],
  ["half of one in a key", { "\ude00": 1 }, "metadata[3].\ude00"],
  ["__proto__", JSON.parse('{"a":{"__proto__":1}}'), "metadata[3].a.__proto__"],
];

describe("encodeMetadata", () => {
  it("keeps any JSON object as it is, in the order of its keys", () => {
    fc.assert(
      fc.property(object, (value) => {
        const bytes = encodeMetadata(value, "metadata[0]");
        expect(JSON.stringify(decodeMetadata(bytes))).toBe(JSON.stringify(value));
        expect(JSON.stringify(decode(bytes))).toBe(JSON.stringify(value));
      }),
      { numRuns: 1000 },
    );
    expect(decodeMetadata(emptyMetadata)).toEqual({});
  });

  it.each(refused)("refuses %s", (_, value, field) => {
    const error = refusalOf(() => encodeMetadata(value, "metadata[3]"));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.field).toBe(field);
  });

  it("says what it found", () => {
    class Point {
      readonly x = 1;
    }
    const found = (value: unknown) => refusalOf(() => encodeMetadata({ a: value }, "m")).message;
    expect(found(new Point())).toBe("m.a must be JSON, not a Point");
    expect(found(new Date(0))).toBe("m.a must be JSON, not a Date");
    expect(found(undefined)).toBe("m.a must be JSON, not undefined");
    expect(found(Float32Array.of(1))).toBe("m.a must be JSON, not a Float32Array");
  });

  it("refuses what contains itself, and more than 64 levels", () => {
    expect(refusalOf(() => encodeMetadata(circular, "m")).message).toMatch(/deeper than 64/);
    expect(() => encodeMetadata(nested(64), "m")).not.toThrow();
    expect(refusalOf(() => encodeMetadata(nested(65), "m")).message).toMatch(/deeper than 64/);
  });

  it("refuses more than 64 KiB, to the byte", () => {
    // One byte for the map, two for the key, three for the head of the string.
    const fits = { a: "x".repeat(65_536 - 6) };
    expect(encodeMetadata(fits, "m").length).toBe(65_536);
    const error = refusalOf(() => encodeMetadata({ a: `${fits.a}x` }, "m"));
    expect([error.code, error.field]).toEqual(["TOO_LARGE", "m"]);
    expect(refusalOf(() => encodeMetadata({ a: "é".repeat(40_000) }, "m")).code).toBe("TOO_LARGE");
    const many = Object.fromEntries(Array.from({ length: 30_000 }, (_, n) => [`key${n}`, n]));
    expect(refusalOf(() => encodeMetadata(many, "m")).code).toBe("TOO_LARGE");
  });

  it("takes objects of another realm and without a prototype", () => {
    const bare: object = Object.assign(Object.create(null) as object, { a: 1 });
    expect(decodeMetadata(encodeMetadata(bare, "m"))).toEqual({ a: 1 });
  });

  it("gives bytes that no later encoding changes", () => {
    const rows = Array.from({ length: 3000 }, (_, row) => ({ row, text: "x".repeat(row * 2) }));
    const encoded = rows.map((row) => encodeMetadata(row, "m"));
    expect(encoded.map((bytes) => decodeMetadata(bytes))).toEqual(rows);
    encoded.forEach((bytes) => bytes.fill(0xc0));
    expect(encodeMetadata({}, "m")).toEqual(Uint8Array.of(0x80));
  });

  it("is not confused by a refusal before it", () => {
    refusalOf(() => encodeMetadata({ a: 1, b: undefined }, "m"));
    expect(decodeMetadata(encodeMetadata({ c: 1 }, "m"))).toEqual({ c: 1 });
  });
});

describe("takeMetadata", () => {
  const take = (value: unknown): Uint8Array =>
    takeMetadata(new MsgpackCursor(encode(value, { maxDepth: 1000 })), "metadata[3]");

  it("gives exactly the bytes of the value", () => {
    fc.assert(
      fc.property(object, (value) => {
        expect(Buffer.from(take(value)).equals(encode(value))).toBe(true);
      }),
    );
  });

  it.each([
    ["an array", [1], "metadata[3]"],
    ["a string", "x", "metadata[3]"],
    ["binary", { a: [{ b: Uint8Array.of(1) }] }, "metadata[3].a[0].b"],
    ["NaN", { a: NaN }, "metadata[3].a"],
  ])("refuses %s as encodeMetadata does", (_, value, field) => {
    const error = refusalOf(() => take(value));
    expect([error.code, error.field]).toEqual(["INVALID_ARGUMENT", field]);
  });

  it("refuses depth and size as encodeMetadata does", () => {
    expect(() => take(nested(64))).not.toThrow();
    expect(refusalOf(() => take(nested(65))).message).toMatch(/deeper than 64/);
    expect(refusalOf(() => take(nested(300))).code).toBe("INVALID_ARGUMENT");
    expect(refusalOf(() => take({ a: "x".repeat(65_536) })).code).toBe("TOO_LARGE");
  });
});

describe("mergeMetadata", () => {
  it("is an object spread, on bytes", () => {
    fc.assert(
      fc.property(object, object, (stored, given) => {
        const merged = mergeMetadata(encodeMetadata(stored, "m"), encodeMetadata(given, "m"));
        expect(JSON.stringify(decodeMetadata(merged))).toBe(
          JSON.stringify({ ...stored, ...given }),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
