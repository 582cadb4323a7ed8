/** Answers as bytes: from raw rows or typed, in both formats, and back. */
import { decode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/index.js";
import {
  type BodyFormat,
  type RawAnswer,
  type RawRow,
  decodeAnswer,
  encodeAnswer,
  encodeMetadata,
  encodeRawAnswer,
  rawToTyped,
} from "../../../src/protocol/index.js";
import { refusalOf } from "./refusal-of.js";

const formats: readonly BodyFormat[] = ["json", "msgpack"];
const id = "0b4f2c9e-6c1d-4e52-9a57-5f0c2f6d8a11";

const float = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const vector = fc.array(float, { minLength: 3, maxLength: 3 }).map((one) => Float32Array.from(one));
/** As JSON carries it: no -0. */
const metadata = fc
  .dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject)
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

const version = "0001-a";
const row = fc.record({
  vector: fc.option(vector, { nil: undefined }),
  metadata: fc.option(metadata, { nil: undefined }),
  distance: float,
});

function rawRow(one: {
  vector: Float32Array | undefined;
  metadata: JsonObject | undefined;
}): RawRow {
  return {
    id,
    version,
    ...(one.vector && { vector: one.vector }),
    ...(one.metadata && { metadata: encodeMetadata(one.metadata, "m") }),
  };
}

const rawAnswer: fc.Arbitrary<RawAnswer> = fc
  .tuple(
    fc.array(row, { maxLength: 4 }),
    fc.constantFrom("search", "search_batch", "get", "scroll", "last"),
  )
  .map(([rows, kind]): RawAnswer => {
    const plain = rows.map(rawRow);
    const search = {
      operation: "search" as const,
      rows: rows.map((one) => ({ ...rawRow(one), distance: one.distance })),
      metrics: {
        nodes_queried: 1,
        time_ms: 0.25,
        consistency_level_achieved: "ONE" as const,
        exact: false,
        plan: { kind: "scan" },
      },
    };
    if (kind === "search") return search;
    if (kind === "search_batch") return { operation: kind, answers: [search, search] };
    if (kind === "get") return { operation: kind, rows: plain, missing_ids: [id] };
    if (kind === "last") return { operation: "scroll", rows: plain };
    return { operation: "scroll", rows: plain, next_cursor: "é" };
  });

describe.each(formats)("answers as %s", (format) => {
  it("arrive as they were, and raw ones equal typed ones to the byte", () => {
    fc.assert(
      fc.property(rawAnswer, (raw) => {
        const body = encodeRawAnswer(format, raw);
        const typed = rawToTyped(raw);
        expect(Buffer.from(body).equals(encodeAnswer(format, typed))).toBe(true);
        expect(body.byteLength).toBe(body.buffer.byteLength);
        const back = decodeAnswer(format, raw.operation, body);
        expect(back).toEqual(typed);
      }),
      { numRuns: 500 },
    );
  });

  it("stand in the memory that is given when they fit it, and beside it when they do not", () => {
    const rows = [rawRow({ vector: Float32Array.of(1, 2, 3), metadata: { a: "b" } })];
    const raw: RawAnswer = { operation: "get", rows, missing_ids: [id] };
    const body = Buffer.from(encodeRawAnswer(format, raw));
    for (const room of [0, 1, 40, body.length - 1, body.length, body.length * 4]) {
      const memory = Buffer.from(new SharedArrayBuffer(room));
      const given = encodeRawAnswer(format, raw, memory);
      expect(body.equals(given)).toBe(true);
      if (given.buffer !== memory.buffer) expect(given.byteLength).toBe(given.buffer.byteLength);
      else expect(given.byteOffset).toBe(0);
      if (room === body.length * 4) expect(given.buffer).toBe(memory.buffer);
      if (room < body.length) expect(given.buffer).not.toBe(memory.buffer);
      expect(body.equals(encodeRawAnswer(format, raw))).toBe(true);
    }
  });

  it("do not disturb each other, however large", () => {
    const rows = Array.from({ length: 2000 }, (_, index) =>
      rawRow({ vector: new Float32Array(300).fill(index), metadata: { index } }),
    );
    const large: RawAnswer = { operation: "scroll", rows };
    const small: RawAnswer = { operation: "get", rows: rows.slice(0, 1), missing_ids: [] };
    const before = encodeRawAnswer(format, small);
    const body = encodeRawAnswer(format, large);
    expect(encodeRawAnswer(format, small)).toEqual(before);
    const vectors = decodeAnswer(format, "scroll", body).vectors;
    expect(vectors.map((one) => one.vector?.[299])).toEqual(rows.map((_, index) => index));
  });

  it("of writes and counts", () => {
    const answer = {
      status: "success",
      vector_ids: [id],
      timestamp_ms: 1_700_000_000_000,
      count: 2 ** 40,
    };
    expect(decodeAnswer(format, "insert", encodeAnswer(format, answer))).toEqual(answer);
    expect(decodeAnswer(format, "count", encodeAnswer(format, { count: 3 }))).toEqual({ count: 3 });
    const none = [new Uint8Array()].map((body) => decodeAnswer(format, "drop_collection", body));
    expect(none).toEqual([undefined]);
  });

  it("that cannot be read are INTERNAL", () => {
    for (const body of [
      Buffer.from("<html>"),
      encodeAnswer(format, {}),
      encodeAnswer(format, null),
    ]) {
      expect(refusalOf(() => decodeAnswer(format, "search", body)).code).toBe("INTERNAL");
    }
  });
});

describe("what other readers see", () => {
  const vector32 = Float32Array.of(0.1, -2.5);
  const raw: RawAnswer = {
    operation: "get",
    rows: [rawRow({ vector: vector32, metadata: { a: "é", b: [1, null] } })],
    missing_ids: [],
  };

  it("in JSON: numbers as they were meant", () => {
    expect(Buffer.from(encodeRawAnswer("json", raw)).toString()).toBe(
      `{"vectors":[{"id":"${id}","vector":[0.1,-2.5],"metadata":{"a":"é","b":[1,null]},"version":"${version}"}],"missing_ids":[]}`,
    );
  });

  it("in MessagePack: packed float32 and plain maps", () => {
    expect(decode(encodeRawAnswer("msgpack", raw))).toEqual({
      vectors: [
        {
          id,
          vector: new Uint8Array(vector32.buffer),
          metadata: { a: "é", b: [1, null] },
          version,
        },
      ],
      missing_ids: [],
    });
  });
});
