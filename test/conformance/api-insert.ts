/** Insert: what it takes, what it answers, and that all of it is there at once. */
import { describe, expect, it } from "vitest";
import { isUuid } from "../../src/base/index.js";
import type { ConsistencyLevel, Metadata } from "../../src/protocol/index.js";
import { newCollection, someMetadata, someVectors } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

export function describeApiInsert(
  store: StoreUnderTest,
  levels: readonly ConsistencyLevel[],
): void {
  describe("insert", () => {
    it("answers with what it did", async () => {
      const before = Date.now();
      const answer = await store().insert({
        collection: newCollection(),
        vectors: someVectors(3, 4),
        metadata: someMetadata(3),
        consistency_level: levels.at(-1),
        timeout_ms: 5000,
      });
      expect(answer.status).toBe("success");
      expect(new Set(answer.vector_ids).size).toBe(3);
      for (const id of answer.vector_ids) {
        expect(isUuid(id) && id[14] === "4" && id === id.toLowerCase()).toBe(true);
      }
      expect(answer.storage_nodes.length).toBeGreaterThanOrEqual(1);
      expect(answer.consistency_hash).toMatch(/^[0-9a-f]{16,}$/);
      expect(Math.abs(answer.timestamp_ms - before)).toBeLessThan(60_000);
      expect(answer.commit_token).toMatch(/\S/);
    });

    it("takes vectors one by one, as numbers, or packed, and stores the same", async () => {
      const vectors = someVectors(4, 5, 3);
      const packed = Float32Array.from(vectors.flatMap((vector) => [...vector]));
      const forms = [vectors, vectors.map((vector) => [...vector]), { dimension: 5, data: packed }];
      for (const form of forms) {
        const collection = newCollection();
        const { vector_ids: ids } = await store().insert({ collection, vectors: form });
        const found = await store().get({ collection, ids });
        expect(found.vectors.map((row) => row.vector)).toEqual(vectors);
        expect(found.vectors[0]!.vector).toBeInstanceOf(Float32Array);
      }
    });

    it("leaves the caller's arrays alone", async () => {
      const vectors = someVectors(2, 4);
      const packed = Float32Array.from(vectors.flatMap((vector) => [...vector]));
      const copy = packed.slice();
      const collection = newCollection();
      await store().insert({ collection, vectors: { dimension: 4, data: packed } });
      expect(packed).toEqual(copy);
      packed.fill(0);
      const found = await store().search({ collection, query_vector: vectors[0]!, top_k: 1 });
      expect(found.results[0]!.vector).toEqual(vectors[0]);
    });

    it("keeps every value of JSON metadata, and the order of its keys", async () => {
      const metadata: Metadata[] = [
        {
          text: 'Grüße, 世界 🌍 \u0000\u001f "quoted" \\',
          zero: 0,
          negative: -1.5,
          large: Number.MAX_SAFE_INTEGER,
          huge: 1e300,
          tiny: 5e-324,
          third: 1 / 3,
          yes: true,
          no: false,
          nothing: null,
          list: [1, "two", [3, [4]], { five: 5 }, null],
          nested: { deep: { deeper: { deepest: [] } }, empty: {} },
          "a.b": "dots in keys",
          "": "an empty key",
          constructor: "a name of Object",
          z: 1,
          a: 2,
        },
        {},
      ];
      const collection = newCollection();
      const vectors = someVectors(2, 3);
      const { vector_ids: ids } = await store().insert({ collection, vectors, metadata });
      const found = await store().get({ collection, ids });
      expect(found.vectors.map((row) => row.metadata)).toEqual(metadata);
      expect(Object.keys(found.vectors[0]!.metadata!)).toEqual(Object.keys(metadata[0]!));
    });

    it("gives rows without metadata an empty object", async () => {
      const collection = newCollection();
      const { vector_ids: ids } = await store().insert({ collection, vectors: someVectors(2, 3) });
      const found = await store().get({ collection, ids });
      expect(found.vectors.map((row) => row.metadata)).toEqual([{}, {}]);
    });

    it("keeps float32 components as they are, to the last bit", async () => {
      const vector = Float32Array.of(0.1, 0, 1e-45, 3.4028234663852886e38, -1e-30, 16_777_217);
      const collection = newCollection();
      const { vector_ids: ids } = await store().insert({ collection, vectors: [vector] });
      const found = await store().get({ collection, ids });
      const bits = (values: Float32Array) => [...new Uint32Array(values.slice().buffer)];
      expect(bits(found.vectors[0]!.vector!)).toEqual(bits(vector));
    });

    it("takes the caller's own ids, in either case, and answers in lower case", async () => {
      const collection = newCollection();
      const ids = ["AAAAAAAA-BBBB-1CCC-8DDD-EEEEEEEEEEEE", "00000000-0000-0000-0000-000000000000"];
      const answer = await store().insert({ collection, vectors: someVectors(2, 3), ids });
      expect(answer.vector_ids).toEqual(ids.map((id) => id.toLowerCase()));
      const found = await store().get({ collection, ids: [ids[0]!] });
      expect(found.vectors[0]!.id).toBe(ids[0]!.toLowerCase());
    });

    it("replaces a row whose id is there: vector, metadata, and a larger version", async () => {
      const collection = newCollection();
      const [first, second] = someVectors(2, 4) as [Float32Array, Float32Array];
      const ids = ["11111111-2222-4333-8444-555555555555"];
      await store().insert({ collection, vectors: [first], ids, metadata: [{ old: 1, both: 1 }] });
      const before = await store().get({ collection, ids });
      await store().insert({ collection, vectors: [second], ids, metadata: [{ both: 2 }] });
      const after = await store().get({ collection, ids });
      expect(after.vectors[0]).toMatchObject({ vector: second, metadata: { both: 2 } });
      expect(after.vectors[0]!.metadata).not.toHaveProperty("old");
      expect(after.vectors[0]!.version > before.vectors[0]!.version).toBe(true);
      expect(await store().count({ collection })).toEqual({ count: 1 });
      const near = await store().search({ collection, query_vector: second, top_k: 5 });
      expect(near.results.map((row) => row.id)).toEqual(ids);
    });

    it("finds every row by search as soon as it has answered", async () => {
      const collection = newCollection();
      for (let call = 0; call < 20; call++) {
        const [vector] = someVectors(1, 16, 1000 + call);
        const { vector_ids } = await store().insert({ collection, vectors: [vector!] });
        const found = await store().search({ collection, query_vector: vector!, top_k: 1 });
        expect(found.results[0]!.id).toBe(vector_ids[0]);
      }
    });

    it("stores 10,000 rows in one call, all of them searchable", async () => {
      const collection = newCollection();
      const [count, dimension] = [10_000, 32];
      const vectors = someVectors(count, dimension, 5);
      const data = new Float32Array(count * dimension);
      vectors.forEach((vector, row) => data.set(vector, row * dimension));
      const answer = await store().insert({
        collection,
        vectors: { dimension, data },
        metadata: someMetadata(count),
        timeout_ms: 60_000,
      });
      expect(answer.status).toBe("success");
      expect(new Set(answer.vector_ids).size).toBe(count);
      expect(await store().count({ collection })).toEqual({ count });
      for (const row of [0, 1, 4999, 9999]) {
        const query = { collection, query_vector: vectors[row]!, top_k: 1, exact: true };
        const found = await store().search(query);
        expect(found.results[0]).toMatchObject({
          id: answer.vector_ids[row],
          metadata: { row },
          vector: vectors[row],
        });
      }
    });

    it("takes one component, and 4,096", async () => {
      for (const dimension of [1, 4096]) {
        const collection = newCollection();
        const vectors = someVectors(3, dimension);
        const { vector_ids: ids } = await store().insert({ collection, vectors });
        const found = await store().get({ collection, ids });
        expect(found.vectors.map((row) => row.vector)).toEqual(vectors);
      }
    });

    it("takes metadata just under 64 KiB", async () => {
      const collection = newCollection();
      const metadata = [{ text: "x".repeat(65_000) }];
      const vectors = someVectors(1, 3);
      const { vector_ids: ids } = await store().insert({ collection, vectors, metadata });
      expect((await store().get({ collection, ids })).vectors[0]!.metadata).toEqual(metadata[0]);
    });
  });
}
