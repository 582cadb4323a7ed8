/** Our MessagePack against @msgpack/msgpack, and against bytes that mean harm. */
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDvespError } from "../../../src/base/index.js";
import { MsgpackCursor } from "../../../src/protocol/msgpack-cursor.js";
import { readMsgpack, skipJson } from "../../../src/protocol/msgpack-reader.js";
import { MsgpackWriter } from "../../../src/protocol/msgpack-writer.js";

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.constantFrom(...[-0x81, -0x80, -33, -32, -1, 0, 127, 128, 255, 256, 65_535, 65_536]),
  fc.constantFrom(
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    1 - 2 ** 53,
  ),
);
const string = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ maxLength: 400 }));
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(number, string, fc.boolean(), fc.constant(null)),
    fc.array(tie("json"), { maxLength: 20 }),
    fc.dictionary(
      string.filter((key) => key !== "__proto__"),
      tie("json"),
      { maxKeys: 20 },
    ),
  ),
}));

function written(value: unknown): Uint8Array {
  const writer = new MsgpackWriter(1);
  writer.value(value);
  return writer.copy();
}

function refusalOf(bytes: Uint8Array | readonly number[]): string {
  try {
    readMsgpack(Uint8Array.from(bytes));
  } catch (error) {
    if (isDvespError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return "accepted";
}

describe("the writer and the reader", () => {
  it("agree with @msgpack/msgpack in both directions", () => {
    fc.assert(
      fc.property(json, (value) => {
        const ours = written(value);
        expect(decode(ours)).toEqual(decode(encode(value)));
        expect(readMsgpack(encode(value))).toEqual(decode(encode(value)));
        expect(readMsgpack(ours)).toEqual(readMsgpack(encode(value)));
        expect(ours.length).toBe(encode(value).length);
      }),
      { numRuns: 2000 },
    );
  });

  it("agree on strings and binaries of every length class", () => {
    for (const length of [0, 1, 23, 24, 25, 31, 32, 255, 256, 65_535, 65_536, 100_000]) {
      for (const text of ["a".repeat(length), "é".repeat(length), "😀".repeat(length)]) {
        expect(decode(written(text))).toBe(text);
        expect(readMsgpack(encode(text))).toBe(text);
      }
      const bytes = new Uint8Array(length).fill(7);
      expect(decode(written(bytes))).toEqual(bytes);
      expect(readMsgpack(encode(bytes))).toEqual(bytes);
      const items = new Array<number>(length).fill(1);
      expect(decode(written(items))).toEqual(items);
      expect(readMsgpack(encode(items))).toEqual(items);
    }
  });

  it("write vectors as packed float32 and leave out what is undefined", () => {
    const vector = Float32Array.of(1, -0.5, 3e38);
    const decoded = decode(written({ vector: vector.subarray(1), gone: undefined }));
    expect(decoded).toEqual({ vector: new Uint8Array(vector.buffer, 4) });
  });

  it("keep keys apart that share a place in the cache", () => {
    const names = Array.from(
      { length: 5000 },
      (_, index) => `key${index}${"x".repeat(index % 40)}`,
    );
    const value = Object.fromEntries(names.map((name, index) => [name, index]));
    const bytes = encode(value);
    for (let round = 0; round < 2; round++) expect(readMsgpack(bytes)).toEqual(value);
  });

  it("read from a view in the middle of a buffer", () => {
    const bytes = encode({ a: Uint8Array.of(1, 2, 3) });
    const shifted = new Uint8Array(bytes.length + 7);
    shifted.set(bytes, 3);
    expect(readMsgpack(shifted.subarray(3, 3 + bytes.length))).toEqual({
      a: Uint8Array.of(1, 2, 3),
    });
  });
});

describe("skipping", () => {
  it("ends where reading ends, and accepts all JSON", () => {
    fc.assert(
      fc.property(json, json, (value, next) => {
        const bytes = Buffer.concat([encode(value), encode(next)]);
        const cursor = new MsgpackCursor(bytes);
        expect(skipJson(cursor, 64)).toBe(true);
        expect(cursor.at).toBe(encode(value).length);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["binary", Uint8Array.of(1)],
    ["NaN", NaN],
    ["infinity", [1, -Infinity]],
    ["binary inside", { a: [{ b: Uint8Array.of(1) }] }],
  ])("objects to %s", (_, value) => {
    expect(skipJson(new MsgpackCursor(encode(value)), 64)).toBe(false);
  });

  it("refuses the key __proto__ however it is encoded", () => {
    const text = Buffer.from("__proto__");
    for (const head of [[0xa9], [0xd9, 9], [0xda, 0, 9], [0xdb, 0, 0, 0, 9]]) {
      const bytes = Uint8Array.from([0x81, 0xa1, 0x61, 0x81, ...head, ...text, 0x01]);
      expect(() => skipJson(new MsgpackCursor(bytes), 64)).toThrow(/__proto__ is not accepted/);
      expect(() => readMsgpack(bytes)).toThrow(/__proto__ is not accepted/);
    }
  });

  it("objects to depth", () => {
    const nested = (levels: number) =>
      Uint8Array.from({ length: levels + 1 }, (_, level) => (level === levels ? 0xc0 : 0x91));
    expect(skipJson(new MsgpackCursor(nested(64)), 64)).toBe(true);
    expect(skipJson(new MsgpackCursor(nested(65)), 64)).toBe(false);
  });
});

describe("bytes that mean harm", () => {
  it.each([
    ["nothing at all", [], "it ends too early"],
    ["an extension", [0xd4, 0, 0], "type 0xd4"],
    ["a timestamp", [0xd6, 0xff, 0, 0, 0, 0], "type 0xd6"],
    ["the byte that is never used", [0xc1], "type 0xc1"],
    ["a number as key", [0x81, 0x01, 0x01], "a key that is not a string"],
    ["a map as key", [0x81, 0x80, 0x01], "a key that is not a string"],
    ["the key __proto__", [0x81, 0xa9, ...Buffer.from("__proto__"), 0x80], "__proto__"],
    ["two values", [0x01, 0x02], "something follows"],
    ["a string cut short", [0xa5, 0x61], "it ends too early"],
    ["half of a character", [0xa1, 0xc3], "not UTF-8"],
    ["a surrogate in UTF-8", [0xa3, 0xed, 0xa0, 0x80], "not UTF-8"],
    ["4 GiB of string", [0xdb, 0xff, 0xff, 0xff, 0xff], "it ends too early"],
    ["4 GiB of binary", [0xc6, 0xff, 0xff, 0xff, 0xff], "it ends too early"],
    ["4 G items", [0xdd, 0xff, 0xff, 0xff, 0xff, 0], "it ends too early"],
    ["4 G members", [0xdf, 0xff, 0xff, 0xff, 0xff, 0], "it ends too early"],
    ["2^53", [0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0], "send it as a string"],
    ["-2^63", [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], "send it as a string"],
  ])("%s", (_, bytes, reason) => {
    expect(refusalOf(bytes)).toMatch(/^INVALID_ARGUMENT malformed MessagePack at byte \d+: /);
    expect(refusalOf(bytes)).toContain(reason);
  });

  it("depth", () => {
    expect(refusalOf(new Uint8Array(1_000_000).fill(0x91))).toContain("nested deeper");
    expect(refusalOf(new Uint8Array(1_000_000).fill(0x81))).toContain("not a string");
  });

  it("millions of empty maps", () => {
    const count = 9 * 1024 * 1024;
    const bytes = new Uint8Array(count + 5).fill(0x80);
    bytes.set([0xdd, count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255]);
    expect(refusalOf(bytes)).toContain("TOO_LARGE");
  });

  it("any bytes are either a value or a refusal; truncated values are never values", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const ours = refusalOf(bytes);
        expect(ours).toMatch(/^(accepted|INVALID_ARGUMENT malformed)/);
        const cursor = new MsgpackCursor(bytes);
        try {
          skipJson(cursor, 64);
        } catch (error) {
          expect(isDvespError(error)).toBe(true);
        }
      }),
      { numRuns: 20_000 },
    );
    fc.assert(
      fc.property(json, fc.nat(), (value, cut) => {
        const bytes = encode(value);
        expect(refusalOf(bytes.subarray(0, cut % bytes.length))).toContain("it ends too early");
      }),
      { numRuns: 1000 },
    );
  });
});
