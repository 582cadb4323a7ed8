import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDvespError, limits } from "../../../src/base/index.js";
import { type Address, PayloadCodec, moved } from "../../../src/mailbox/index.js";

class FakeRef {
  constructor(readonly address: Address) {}
}

const codec = new PayloadCodec((value) => (value instanceof FakeRef ? value.address : undefined));

function roundTrip(message: unknown): unknown {
  const { bytes, parts } = codec.encode(message);
  return codec.decode(bytes.slice(), parts, (address) => new FakeRef(address));
}

const typedArrays = [
  Uint8Array.of(1, 255),
  Int8Array.of(-1, 1),
  Uint8ClampedArray.of(0, 255),
  Uint16Array.of(1, 65_535),
  Int16Array.of(-1, 1),
  Uint32Array.of(1, 0xffff_ffff),
  Int32Array.of(-1, 1),
  Float32Array.of(0.5, -Infinity, NaN),
  Float64Array.of(Math.PI, -0),
  BigUint64Array.of(1n, 2n ** 64n - 1n),
  BigInt64Array.of(-1n, 2n ** 63n - 1n),
];

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double().filter((number) => !Object.is(number, -0)),
    fc.string({ unit: "grapheme" }),
    fc.bigInt(),
    fc.date({ noInvalidDate: true, min: new Date(0) }),
    fc.float32Array(),
    fc.uint8Array({ size: "large", maxLength: 6000 }),
    fc.array(tie("any")),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("any"),
      { noNullPrototype: true },
    ),
  ),
})).any;

describe("payload codec", () => {
  it("R5: brings back any value that may be sent", () => {
    fc.assert(
      fc.property(value, (message) => {
        expect(roundTrip(message)).toEqual(message);
      }),
    );
  });

  it.each(typedArrays)("R5: keeps the type and values of typed arrays, case %#", (array) => {
    const back = roundTrip({ array }) as { array: typeof array };
    expect(back.array.constructor).toBe(array.constructor);
    expect(back.array).toEqual(array);
  });

  it("R5: tells bigints from numbers of the same size", () => {
    const message = {
      big: 2n ** 40n,
      number: 2 ** 40,
      now: 1_795_338_783_358,
      negative: -(2 ** 40),
    };
    expect(roundTrip(message)).toEqual(message);
  });

  it("R5: leaves out keys that are undefined, and carries undefined itself", () => {
    expect(roundTrip({ a: 1, b: undefined })).toEqual({ a: 1 });
    expect(Object.keys(roundTrip({ b: undefined }) as object)).toEqual([]);
    expect(roundTrip(undefined)).toBeUndefined();
  });

  it("R5: takes a Buffer for the bytes it is, also one out of Node's pool", () => {
    const pooled = Buffer.from("pooled");
    expect(roundTrip({ pooled })).toEqual({ pooled: new Uint8Array(pooled) });
  });

  it("R1: carries refs as refs", () => {
    const ref = new FakeRef({ host: "worker-0", name: "replica/1" });
    expect(roundTrip({ ref, list: [ref] })).toEqual({ ref, list: [ref] });
  });

  it("R6: puts arrays from partBytesMin on beside the payload, smaller ones inside", () => {
    const small = codec.encode(new Uint8Array(limits.partBytesMin - 1));
    expect(small.parts).toHaveLength(0);
    const large = codec.encode(new Uint8Array(limits.partBytesMin));
    expect(large.parts).toHaveLength(1);
    expect(large.bytes.byteLength).toBeLessThan(16);
  });

  it("R6: copies what is not moved", () => {
    const rows = new Float32Array(limits.partBytesMin).fill(1);
    const { parts } = codec.encode(rows);
    expect(parts[0]).not.toBe(rows.buffer);
    rows.fill(2);
    expect(new Float32Array(parts[0]!)[0]).toBe(1);
  });

  it("R6: hands over the very memory of what is moved, once however often it stands there", () => {
    const rows = moved(new Float32Array(limits.partBytesMin));
    const { parts } = codec.encode({ rows, again: rows });
    expect(parts).toEqual([rows.buffer]);
    expect(parts[0]).toBe(rows.buffer);
  });

  it("R6: copies a moved view that shows a part of its buffer, or shared memory", () => {
    const whole = new Uint8Array(3 * limits.partBytesMin);
    const partial = moved(whole.subarray(8, 8 + limits.partBytesMin));
    expect(codec.encode(partial).parts[0]).not.toBe(whole.buffer);
    const shared = moved(new Uint8Array(new SharedArrayBuffer(limits.partBytesMin)).fill(3));
    const { bytes, parts } = codec.encode(shared);
    expect(parts[0]).toBeInstanceOf(ArrayBuffer);
    const back = codec.decode(bytes, parts, () => undefined) as Uint8Array;
    expect(back.every((byte) => byte === 3)).toBe(true);
  });

  it.each([
    ["a function", () => 1],
    ["a symbol", Symbol("x")],
    ["a Map", new Map([[1, 2]])],
    ["a Set", new Set([1])],
    ["an error", new Error("x")],
    ["an ArrayBuffer", new ArrayBuffer(8)],
    ["a DataView", new DataView(new ArrayBuffer(8))],
    ["an invalid date", new Date(NaN)],
    ["a promise", Promise.resolve()],
  ])("R7: refuses %s at any depth", (_, bad) => {
    for (const message of [bad, { a: { b: [bad] } }]) {
      expect(() => codec.encode(message)).toThrow(/cannot be/);
    }
    expect(roundTrip({ still: "works" })).toEqual({ still: "works" });
  });

  it("R7: refuses what is nested too deep or refers to itself", () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    const error = thrownBy(() => codec.encode(loop));
    expect(isDvespError(error) && error.code).toBe("INVALID_ARGUMENT");
  });

  it("R12: meets any bytes with a value or an operating error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const error = thrownBy(() => codec.decode(bytes, [], () => undefined));
        expect(error === undefined || isDvespError(error)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(roundTrip({ still: "works" })).toEqual({ still: "works" });
  });

  it("R12: refuses parts that are missing or of the wrong length", () => {
    const { bytes } = codec.encode(new Float32Array(limits.partBytesMin));
    const copy = bytes.slice();
    expect(() => codec.decode(copy, [], () => undefined)).toThrow(/no part/);
    const odd = [new ArrayBuffer(limits.partBytesMin + 1)];
    expect(() => codec.decode(copy, odd, () => undefined)).toThrow(/no whole/);
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
