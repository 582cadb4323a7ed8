/** Requests as bytes: both formats, every form of vectors, and bytes that are no request. */
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/index.js";
import {
  type BodyFormat,
  type RowOperation,
  decodeBody,
  encodeRequest,
  normalise,
  normaliseBody,
} from "../../../src/protocol/index.js";
import { refusalOf } from "./refusal-of.js";

const formats: readonly BodyFormat[] = ["json", "msgpack"];
const collection = "docs";
const id = "0b4f2c9e-6c1d-4e52-9a57-5f0c2f6d8a11";

const float = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const vector = fc.array(float, { minLength: 3, maxLength: 3 }).map((one) => Float32Array.from(one));
/** As JSON carries it: no -0. */
const metadata = fc
  .dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject)
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

const requests: Readonly<Record<RowOperation, object>> = {
  insert: {
    vectors: [
      [0.1, 2],
      [3, 4],
    ],
    metadata: [{ a: 1 }, {}],
    timeout_ms: 7,
  },
  update: { ids: [id], vectors: [[1, 2]], metadata_mode: "merge", if_versions: ["v"] },
  delete: { filter: { a: { $in: [1, "x", null] } }, idempotency_key: "k" },
  search: { query_vector: [0.1, -2.5], top_k: 3, filter: { a: { $gte: 1.5 } }, after: "t" },
  search_batch: { queries: [{ query_vector: [1] }, { query_vector: [2], exact: true }] },
  get: { ids: [id], include_vectors: false },
  scroll: { limit: 5, cursor: "c", filter: {} },
  count: { filter: { $or: [{ a: 1 }, { b: [1, { c: null }] }] } },
};

describe.each(formats)("requests as %s", (format) => {
  it.each(Object.entries(requests) as [RowOperation, object][])(
    "%s arrives as it was",
    (operation, request) => {
      const body = encodeRequest(format, request);
      expect(normaliseBody(operation, collection, format, body)).toEqual(
        normalise(operation, { ...request, collection }),
      );
    },
  );

  it("any batch arrives as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(vector, metadata), { minLength: 1, maxLength: 9 }), (rows) => {
        const request = { vectors: rows.map(([one]) => one), metadata: rows.map(([, one]) => one) };
        const body = encodeRequest(format, request);
        expect(normaliseBody("insert", collection, format, body)).toEqual(
          normalise("insert", { ...request, collection }),
        );
      }),
    );
  });

  it("the collection of the path wins", () => {
    const body = encodeRequest(format, { collection: "another" });
    expect(normaliseBody("count", collection, format, body).collection).toBe(collection);
  });

  it("members that are undefined are left out", () => {
    const body = encodeRequest(format, { filter: undefined, limit: 5 });
    expect(decodeBody(format, body)).toEqual({ limit: 5 });
  });

  it("what has no form on the wire is refused before it leaves", () => {
    const refused: readonly (readonly [object, string])[] = [
      [{ metadata: [{ a: undefined }] }, "metadata[0].a"],
      [{ metadata: [{ a: new Date(0) }] }, "metadata[0].a"],
      [{ filter: { a: { $gt: NaN } } }, "filter.a.$gt"],
      [{ filter: { a: undefined } }, "filter.a"],
      [{ top_k: NaN }, "top_k"],
      [{ vectors: [[1], [NaN]] }, "vectors[1]"],
      [{ query_vector: "!" }, "query_vector"],
      [{ queries: [{}, { query_vector: [NaN] }] }, "queries[1].query_vector"],
      [{ queries: [5n] }, "queries[0]"],
    ];
    for (const [request, field] of refused) {
      const error = refusalOf(() => encodeRequest(format, request));
      expect([error.code, error.field]).toEqual(["INVALID_ARGUMENT", field]);
    }
  });

  it("a body that is no object is refused", () => {
    for (const value of [null, 5, "x", [], [{}]]) {
      const body = format === "json" ? Buffer.from(JSON.stringify(value)) : encode(value);
      const error = refusalOf(() => normaliseBody("count", collection, format, body));
      expect(error.code).toBe("INVALID_ARGUMENT");
    }
  });

  it("any bytes are a request or a refusal", () => {
    const operations = Object.keys(requests) as RowOperation[];
    const start = fc.constantFrom(...operations.map((one) => encodeRequest(format, requests[one])));
    const damaged = fc
      .tuple(start, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
      .map(([bytes, changes, cut]) => {
        const copy = bytes.slice(0, cut % 3 === 0 ? cut % bytes.length : bytes.length);
        for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
        return copy;
      });
    let refusals = 0;
    fc.assert(
      fc.property(damaged, fc.constantFrom(...operations), (bytes, operation) => {
        try {
          normaliseBody(operation, collection, format, bytes);
        } catch (error) {
          refusals++;
          expect(error).toMatchObject({
            code: expect.stringMatching(/INVALID_ARGUMENT|TOO_LARGE/) as unknown,
          });
        }
      }),
      { numRuns: 5000 },
    );
    expect(refusals).toBeGreaterThan(500);
  });
});

describe("forms that only other writers use", () => {
  const expected = normalise("insert", {
    collection,
    vectors: [
      [1, 2.5],
      [-3, 4],
    ],
  });
  const rows = [Float32Array.of(1, 2.5), Float32Array.of(-3, 4)].map(
    (row) => new Uint8Array(row.buffer),
  );
  const packed = Buffer.concat(rows);
  it.each([
    [
      "float64 and integers",
      encode({
        vectors: [
          [1, 2.5],
          [-3, 4],
        ],
      }),
    ],
    [
      "float32",
      encode(
        {
          vectors: [
            [1, 2.5],
            [-3, 4],
          ],
        },
        { forceFloat32: true },
      ),
    ],
    ["one bin per row", encode({ vectors: rows })],
    ["one bin for all", encode({ vectors: { dimension: 2, data: packed } })],
    [
      "base64 inside MessagePack",
      encode({ vectors: rows.map((row) => Buffer.from(row).toString("base64")) }),
    ],
    ["mixed rows", encode({ vectors: [rows[0], [-3, 4]] })],
  ])("MessagePack with %s", (_, body) => {
    expect(normaliseBody("insert", collection, "msgpack", body)).toEqual(expected);
  });

  it.each([
    [
      "numbers",
      {
        vectors: [
          [1, 2.5],
          [-3, 4],
        ],
      },
    ],
    ["base64 per row", { vectors: rows.map((row) => Buffer.from(row).toString("base64")) }],
    ["base64 for all", { vectors: { dimension: 2, data: packed.toString("base64") } }],
  ])("JSON with %s", (_, request) => {
    const body = Buffer.from(JSON.stringify(request));
    expect(normaliseBody("insert", collection, "json", body)).toEqual(expected);
  });

  it.each([
    ["a string among numbers", { vectors: [[1, "x"]] }, "vectors[0]"],
    ["a matrix in a row", { vectors: [[[1]]] }, "vectors[0]"],
    ["NaN", { vectors: [[1], [NaN]] }, "vectors[1]"],
    ["too large for float32", { vectors: [[1e39]] }, "vectors[0]"],
    ["4097 numbers", { vectors: [new Array(4097).fill(1)] }, "vectors[0]"],
    ["metadata that is a list of lists", { vectors: [[1]], metadata: [[]] }, "metadata[0]"],
    ["binary metadata", { vectors: [[1]], metadata: [{ a: { b: rows[0] } }] }, "metadata[0].a.b"],
    ["metadata that is a map", { vectors: [[1]], metadata: {} }, "metadata"],
    ["one metadata too many", { vectors: [[1]], metadata: [{}, {}] }, "metadata"],
    ["ids of numbers", { vectors: [[1]], ids: [1] }, "ids[0]"],
  ])("MessagePack with %s is refused", (_, request, field) => {
    const error = refusalOf(() => normaliseBody("insert", collection, "msgpack", encode(request)));
    expect([error.code, error.field]).toEqual(["INVALID_ARGUMENT", field]);
  });

  it("100,001 rows are refused before memory is taken for them", () => {
    for (const key of ["vectors", "metadata"]) {
      const body = encode({ [key]: new Array(100_001).fill({}) });
      const error = refusalOf(() => normaliseBody("insert", collection, "msgpack", body));
      expect([error.code, error.field]).toEqual(["TOO_LARGE", key]);
    }
  });
});

describe("JSON", () => {
  it.each([
    ["", "end of JSON"],
    ["{", "malformed JSON"],
    ['{"a":1,}', "malformed JSON"],
    ["\xff", "not UTF-8"],
  ])("%o is refused", (text, reason) => {
    const error = refusalOf(() => decodeBody("json", Buffer.from(text, "latin1")));
    expect([error.code, error.message]).toEqual([
      "INVALID_ARGUMENT",
      expect.stringContaining(reason),
    ]);
  });

  it("says where it breaks", () => {
    expect(refusalOf(() => decodeBody("json", Buffer.from('{"a":1 "b"}'))).message).toMatch(
      /position 7/,
    );
  });

  it("of millions of empty arrays is refused before it is parsed", () => {
    const count = 6_000_000;
    const body = Buffer.alloc(count * 3 + 2, "[],");
    body.write("[", 0);
    body.write("[]]", body.length - 3);
    expect(refusalOf(() => decodeBody("json", body)).code).toBe("TOO_LARGE");
  });

  it("may hold as many brackets as it likes in strings", () => {
    const text = '[{\\"'.repeat(6_000_000);
    const body = Buffer.from(`{"a":"${text}"}`);
    expect((decodeBody("json", body) as { a: string }).a).toHaveLength(18_000_000);
  });
});
