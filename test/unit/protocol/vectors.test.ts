/** Every form of vectors gives the same packed rows, and every defect is named. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packVector, packVectors } from "../../../src/protocol/index.js";
import { refusalOf } from "./refusal-of.js";

type Encode = (vector: Float32Array) => unknown;

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(
    vector.buffer.slice(vector.byteOffset, vector.byteOffset + vector.byteLength),
  );
}

/** A view that starts at an odd address. */
function unaligned(vector: Float32Array): Uint8Array {
  const wide = new Uint8Array(vector.byteLength + 5);
  wide.set(bytesOf(vector), 1);
  return wide.subarray(1, 1 + vector.byteLength);
}

const forms: Readonly<Record<string, Encode>> = {
  Float32Array: (vector) => vector,
  "a view of a larger one": (vector) => Float32Array.of(9, ...vector, 9).subarray(1, -1),
  numbers: (vector) => Array.from(vector),
  "bytes at any alignment": unaligned,
  base64: (vector) => Buffer.from(bytesOf(vector)).toString("base64"),
  "base64 for URLs, unpadded": (vector) => Buffer.from(bytesOf(vector)).toString("base64url"),
  "a Float32Array of another realm": (vector) =>
    runInNewContext("Float32Array.from(values)", { values: Array.from(vector) }) as unknown,
  "shared memory": (vector) => {
    const shared = new Float32Array(new SharedArrayBuffer(vector.byteLength));
    shared.set(vector);
    return shared;
  },
};

const rows = fc.integer({ min: 1, max: 9 }).chain((dimension) => {
  const component = fc.float({ noNaN: true, noDefaultInfinity: true });
  const row = fc.array(component, { minLength: dimension, maxLength: dimension });
  return fc.array(
    row.map((one) => Float32Array.from(one)),
    { minLength: 1, maxLength: 9 },
  );
});

function flat(vectors: readonly Float32Array[]): number[] {
  return vectors.flatMap((vector) => Array.from(vector));
}

describe.each(Object.entries(forms))("%s", (_, form) => {
  it("packs, one by one and as a block, into memory of its own", () => {
    fc.assert(
      fc.property(rows, (vectors) => {
        const dimension = vectors[0]!.length;
        const block = form(Float32Array.from(flat(vectors)));
        const inputs = [
          vectors.map(form),
          ...(Array.isArray(block) ? [] : [{ dimension, data: block }]),
        ];
        for (const input of inputs) {
          const packed = packVectors(input, "vectors");
          expect([packed.dimension, packed.count]).toEqual([dimension, vectors.length]);
          expect(Array.from(packed.data)).toEqual(flat(vectors));
          expect(packed.data.byteLength).toBe(packed.data.buffer.byteLength);
        }
        const given = form(vectors[0]!);
        const query = packVector(given, "query_vector");
        expect(Array.from(query)).toEqual(Array.from(vectors[0]!));
        expect(query.buffer).not.toBe((given as Float32Array).buffer);
      }),
    );
  });
});

describe("packVectors refuses", () => {
  const one = [1, 2, 3];
  const sparse = new Array<number[]>(2);
  sparse[0] = one;
  it.each([
    ["nothing", undefined, "vectors", "undefined"],
    ["a number", 5, "vectors", "a number"],
    ["no rows", [], "vectors", "at least one"],
    ["an empty block", { dimension: 3, data: new Float32Array() }, "vectors", "at least one"],
    ["a vector where vectors are wanted", [1, 2], "vectors[0]", "not a number"],
    ["an empty vector", [[]], "vectors[0]", "1 to 4096"],
    ["4097 components", [new Float32Array(4097)], "vectors[0]", "1 to 4096"],
    ["a ragged row", [one, one, [1, 2]], "vectors[2]", "2 components where the first has 3"],
    ["a row that is missing", sparse, "vectors[1]", "not undefined"],
    ["a string among numbers", [one, [1, "2", 3]], "vectors[1]", "a string as component 1"],
    ["null among numbers", [[1, null, 3]], "vectors[0]", "null as component 1"],
    ["NaN", [one, [1, 2, NaN]], "vectors[1]", "NaN as component 2"],
    [
      "infinity",
      [Float32Array.of(0, -Infinity)],
      "vectors[0]",
      "infinite number (as float32) as component 1",
    ],
    ["too large for float32", [one, [1, 1e39, 3]], "vectors[1]", "as component 1"],
    ["a Float64Array", [Float64Array.of(1)], "vectors[0]", "not a Float64Array"],
    ["a block of numbers", { dimension: 1, data: [1, 2] }, "vectors.data", "not an array"],
    [
      "half a row",
      { dimension: 2, data: Float32Array.of(1, 2, 3) },
      "vectors.data",
      "no whole number",
    ],
    ["half a float", { dimension: 1, data: new Uint8Array(7) }, "vectors.data", "7 bytes"],
    ["half a float in a row", [new Uint8Array(7)], "vectors[0]", "7 bytes"],
    ["no base64", { dimension: 1, data: "AAAA*AAA" }, "vectors.data", "base64"],
    ["base64 cut short", [`${"A".repeat(16)}A`], "vectors[0]", "base64"],
    ["base64 of half a float", ["AAAA"], "vectors[0]", "3 bytes"],
    [
      "NaN in a block",
      { dimension: 2, data: Float32Array.of(1, 2, 3, NaN) },
      "vectors[1]",
      "component 1",
    ],
    ["dimension 0", { dimension: 0, data: new Float32Array(4) }, "vectors.dimension", "1 to 4096"],
    ["dimension 1.5", { dimension: 1.5, data: new Float32Array(3) }, "vectors.dimension", "whole"],
    ["no dimension", { data: new Float32Array(4) }, "vectors.dimension", "whole"],
    [
      "a stray member",
      { dimension: 1, data: Float32Array.of(1), x: 1 },
      "vectors.x",
      "not a known",
    ],
  ])("%s", (_, input, field, reason) => {
    const error = refusalOf(() => packVectors(input, "vectors"));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.field).toBe(field);
    expect(error.message).toContain(reason);
  });

  it("a NaN wherever it stands", () => {
    for (let size = 1; size < 12; size++) {
      for (let index = 0; index < size; index++) {
        const data = new Float32Array(size).fill(1);
        data[index] = NaN;
        const error = refusalOf(() => packVectors({ dimension: 1, data }, "vectors"));
        expect(error.field).toBe(`vectors[${index}]`);
      }
    }
  });

  it("100,001 rows, in either form, and not 100,000", () => {
    const row = Float32Array.of(1);
    const over = 100_001;
    for (const input of [
      new Array<Float32Array>(over).fill(row),
      { dimension: 1, data: new Float32Array(over) },
    ]) {
      expect(refusalOf(() => packVectors(input, "vectors")).code).toBe("TOO_LARGE");
    }
    expect(packVectors({ dimension: 1, data: new Float32Array(over - 1) }, "vectors").count).toBe(
      100_000,
    );
  });

  it("more bytes than a body may have", () => {
    const row = new Float32Array(4096);
    const error = refusalOf(() =>
      packVectors(new Array<Float32Array>(16_385).fill(row), "vectors"),
    );
    expect(error.code).toBe("TOO_LARGE");
  });
});

describe("packVector", () => {
  it("names the component", () => {
    const error = refusalOf(() => packVector([1, 2, NaN], "query_vector"));
    expect([error.field, error.message]).toEqual([
      "query_vector",
      "query_vector has NaN as component 2",
    ]);
  });

  it.each([
    ["a number", 5],
    ["nothing", undefined],
    ["an object", { dimension: 1 }],
    ["empty", []],
  ])("refuses %s", (_, value) => {
    expect(refusalOf(() => packVector(value, "query_vector")).code).toBe("INVALID_ARGUMENT");
  });
});
