/** What insert refuses; each refusal names its field, and nothing at all is stored. */
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/base/index.js";
import type { InsertRequest } from "../../src/protocol/index.js";
import { expectRefusal, fill, newCollection, someVectors } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

const id = "0f0f0f0f-0000-4000-8000-000000000000";
const good = [
  [1, 2, 3],
  [4, 5, 6],
];
const tooDeep = JSON.parse('{"a":'.repeat(70) + "1" + "}".repeat(70)) as object;

/** Each is merged over a good request of two rows of three components. */
const refused: readonly [string, object, ErrorCode, string?][] = [
  ["no vectors", { vectors: [] }, "INVALID_ARGUMENT", "vectors"],
  ["no vectors at all", { vectors: undefined }, "INVALID_ARGUMENT", "vectors"],
  [
    "rows of different lengths",
    {
      vectors: [
        [1, 2, 3],
        [4, 5],
      ],
    },
    "INVALID_ARGUMENT",
    "vectors[1]",
  ],
  ["an empty row", { vectors: [[], []] }, "INVALID_ARGUMENT"],
  [
    "a string for a number",
    {
      vectors: [
        [1, 2, 3],
        [4, "5", 6],
      ],
    },
    "INVALID_ARGUMENT",
  ],
  [
    "null for a number",
    {
      vectors: [
        [1, 2, 3],
        [4, null, 6],
      ],
    },
    "INVALID_ARGUMENT",
  ],
  ["a number for a row", { vectors: [1, 2, 3] }, "INVALID_ARGUMENT"],
  [
    "more than float32 holds",
    {
      vectors: [
        [1, 2, 3],
        [4, 1e39, 6],
      ],
    },
    "INVALID_ARGUMENT",
  ],
  [
    "rows without end",
    { vectors: { dimension: 3, data: new Float32Array(7) } },
    "INVALID_ARGUMENT",
  ],
  [
    "a packed dimension of 0",
    { vectors: { dimension: 0, data: new Float32Array(6) } },
    "INVALID_ARGUMENT",
  ],
  [
    "4,097 components",
    { vectors: [new Float32Array(4097), new Float32Array(4097)] },
    "INVALID_ARGUMENT",
  ],
  ["less metadata than rows", { metadata: [{}] }, "INVALID_ARGUMENT", "metadata"],
  ["more metadata than rows", { metadata: [{}, {}, {}] }, "INVALID_ARGUMENT", "metadata"],
  ["metadata that is an array", { metadata: [{}, []] }, "INVALID_ARGUMENT", "metadata[1]"],
  ["metadata that is null", { metadata: [{}, null] }, "INVALID_ARGUMENT", "metadata[1]"],
  ["metadata that is a string", { metadata: ["a", {}] }, "INVALID_ARGUMENT", "metadata[0]"],
  ["metadata too deep", { metadata: [{}, tooDeep] }, "INVALID_ARGUMENT"],
  ["metadata too large", { metadata: [{}, { a: "x".repeat(70_000) }] }, "TOO_LARGE", "metadata[1]"],
  ["fewer ids than rows", { ids: [id] }, "INVALID_ARGUMENT", "ids"],
  ["an id that is no UUID", { ids: [id, "two"] }, "INVALID_ARGUMENT", "ids[1]"],
  ["an id that is a number", { ids: [id, 2] }, "INVALID_ARGUMENT", "ids[1]"],
  ["the same id twice", { ids: [id, id.toUpperCase()] }, "INVALID_ARGUMENT", "ids[1]"],
  ["an unknown level", { consistency_level: "TWO" }, "INVALID_ARGUMENT", "consistency_level"],
  ["no time", { timeout_ms: 0 }, "INVALID_ARGUMENT", "timeout_ms"],
  ["time without end", { timeout_ms: 1e9 }, "INVALID_ARGUMENT", "timeout_ms"],
  ["an unknown member", { vector: [1, 2, 3] }, "INVALID_ARGUMENT", "vector"],
  ["a key of no characters", { idempotency_key: "" }, "INVALID_ARGUMENT", "idempotency_key"],
  ["a key of 257", { idempotency_key: "k".repeat(257) }, "INVALID_ARGUMENT", "idempotency_key"],
];

/** Values that only programs can hold: JSON has no form for them. */
const notInJson: readonly [string, object][] = [
  [
    "NaN",
    {
      vectors: [
        [1, 2, 3],
        [4, NaN, 6],
      ],
    },
  ],
  ["NaN among float32", { vectors: [Float32Array.of(1, 2, 3), Float32Array.of(4, NaN, 6)] }],
  [
    "infinity",
    {
      vectors: [
        [1, 2, 3],
        [4, 5, -Infinity],
      ],
    },
  ],
  [
    "infinity, packed",
    { vectors: { dimension: 3, data: Float32Array.of(1, 2, 3, 4, 5, Infinity) } },
  ],
];

export function describeApiRefusals(store: StoreUnderTest): void {
  describe("insert refuses", () => {
    it.each(refused)("%s, and makes no collection", async (_, change, code, field) => {
      const collection = newCollection();
      const request = { collection, vectors: good, ...change } as InsertRequest;
      await expectRefusal(store().insert(request), code, field);
      await expectRefusal(store().count({ collection }), "COLLECTION_NOT_FOUND");
    });

    it.each(notInJson)("%s", async (_, change) => {
      const request = { collection: newCollection(), vectors: good, ...change };
      await expectRefusal(store().insert(request), "INVALID_ARGUMENT");
    });

    it("says which row and component is not finite", async () => {
      const vectors = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, NaN)];
      await expect(store().insert({ collection: newCollection(), vectors })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: expect.stringMatching(/^vectors\[1\]/) as string,
      });
    });

    it("vectors of another dimension than the collection's, storing no row", async () => {
      const { collection } = await fill(store(), { count: 4, dimension: 8 });
      const call = store().insert({ collection, vectors: someVectors(2, 9) });
      await expectRefusal(call, "INVALID_ARGUMENT");
      expect(await store().count({ collection })).toEqual({ count: 4 });
    });

    it("a good row beside a bad one: none of both is stored", async () => {
      const { collection, vectors } = await fill(store(), { count: 4, dimension: 3 });
      const bad = { collection, vectors: [vectors[0]!, Float32Array.of(1, NaN, 3)] };
      await expectRefusal(store().insert(bad), "INVALID_ARGUMENT");
      const large = { collection, vectors: good, metadata: [{}, { a: "x".repeat(70_000) }] };
      await expectRefusal(store().insert(large), "TOO_LARGE");
      expect(await store().count({ collection })).toEqual({ count: 4 });
    });

    it("more than 100,000 rows", async () => {
      const collection = newCollection();
      const vectors = { dimension: 1, data: new Float32Array(100_001) };
      await expectRefusal(store().insert({ collection, vectors }), "TOO_LARGE");
      await expectRefusal(store().count({ collection }), "COLLECTION_NOT_FOUND");
    });
  });
}
