/** What all writes have in common: keys, tokens, hashes, versions, and many at once. */
import { describe, expect, it } from "vitest";
import type { ConsistencyLevel } from "../../src/protocol/index.js";
import { expectRefusal, fill, newCollection, someVectors, sameResult } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

export function describeApiWrites(
  store: StoreUnderTest,
  levels: readonly ConsistencyLevel[],
): void {
  describe("writes", () => {
    it("answer a repeated idempotency key with the first result, and store nothing", async () => {
      const collection = newCollection();
      const request = { collection, vectors: someVectors(3, 4), idempotency_key: "once" };
      const first = await store().insert(request);
      expect(await store().insert(request)).toEqual(sameResult(first));
      expect(await store().count({ collection })).toEqual({ count: 3 });
      const other = await store().insert({ ...request, idempotency_key: "twice" });
      expect(other.vector_ids).not.toEqual(first.vector_ids);
      expect(await store().count({ collection })).toEqual({ count: 6 });
    });

    it("keep the idempotency keys of two collections apart", async () => {
      const key = { vectors: someVectors(1, 4), idempotency_key: "shared" };
      const [one, two] = [newCollection(), newCollection()];
      const first = await store().insert({ collection: one, ...key });
      const second = await store().insert({ collection: two, ...key });
      expect(second.vector_ids).not.toEqual(first.vector_ids);
      expect(await store().count({ collection: two })).toEqual({ count: 1 });
    });

    it("with one key at the same time are executed once", async () => {
      const collection = newCollection();
      await store().insert({ collection, vectors: someVectors(1, 4) });
      const request = { collection, vectors: someVectors(2, 4), idempotency_key: "race" };
      const answers = await Promise.all(Array.from({ length: 8 }, () => store().insert(request)));
      expect(new Set(answers.map((one) => one.vector_ids.join())).size).toBe(1);
      expect(await store().count({ collection })).toEqual({ count: 3 });
    });

    it("give a token with which a read at the lowest level sees them", async () => {
      const { collection } = await fill(store(), { count: 5 });
      const [vector] = someVectors(1, 8, 77);
      const written = await store().insert({
        collection,
        vectors: [vector!],
        consistency_level: "ONE",
      });
      const read = { collection, consistency_level: "ONE", after: written.commit_token } as const;
      const found = await store().search({ ...read, query_vector: vector!, top_k: 1 });
      expect(found.results[0]!.id).toBe(written.vector_ids[0]);
      expect(await store().count(read)).toEqual({ count: 6 });
      const got = await store().get({ ...read, ids: written.vector_ids });
      expect(got.vectors).toHaveLength(1);
    });

    it("change the hash when they change the data", async () => {
      const collection = newCollection();
      const hashes: string[] = [];
      const first = await store().insert({ collection, vectors: someVectors(2, 4) });
      hashes.push(first.consistency_hash);
      const ids = [first.vector_ids[0]!];
      const metadata = [{ changed: true }];
      hashes.push((await store().update({ collection, ids, metadata })).consistency_hash);
      hashes.push((await store().delete({ collection, ids })).consistency_hash);
      expect(new Set(hashes).size).toBe(3);
    });

    it("give later versions to later writes of a row", async () => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const versions: string[] = [];
      for (let write = 0; write < 10; write++) {
        versions.push((await store().get({ collection, ids })).vectors[0]!.version);
        await store().update({ collection, ids, metadata: [{ write }] });
      }
      expect([...versions].sort()).toEqual(versions);
      expect(new Set(versions).size).toBe(10);
    });

    it("take every level of consistency", async () => {
      for (const consistency_level of ["ONE", "QUORUM", "ALL"] as const) {
        if (!levels.includes(consistency_level)) {
          const { collection } = await fill(store(), { count: 1 });
          const refused = store().count({ collection, consistency_level });
          await expectRefusal(refused, "NOT_ENOUGH_REPLICAS");
          continue;
        }
        const collection = newCollection();
        const vectors = someVectors(2, 4);
        const written = await store().insert({ collection, vectors, consistency_level });
        expect(written.status).toBe("success");
        const query = { collection, query_vector: vectors[1]!, top_k: 1, consistency_level };
        // At ONE another replica may answer, which only a token makes wait for the write.
        const after = consistency_level === "ONE" ? { after: written.commit_token } : {};
        const found = await store().search({ ...query, ...after });
        expect(found.results[0]!.id).toBe(written.vector_ids[1]);
        const order = ["ONE", "QUORUM", "ALL"];
        const achieved = order.indexOf(found.metrics.consistency_level_achieved);
        expect(achieved).toBeGreaterThanOrEqual(order.indexOf(consistency_level));
      }
    });

    it("made at the same time are all there", async () => {
      const collection = newCollection();
      await store().insert({ collection, vectors: someVectors(1, 4) });
      const calls = Array.from({ length: 40 }, (_, seed) =>
        store().insert({ collection, vectors: someVectors(5, 4, seed) }),
      );
      const ids = (await Promise.all(calls)).flatMap((answer) => answer.vector_ids);
      expect(new Set(ids).size).toBe(200);
      expect(await store().count({ collection })).toEqual({ count: 201 });
      expect((await store().get({ collection, ids })).missing_ids).toEqual([]);
    });

    it("to one row at the same time leave one of them, whole", async () => {
      const { collection, ids } = await fill(store(), { count: 1, dimension: 4 });
      const calls = Array.from({ length: 20 }, (_, writer) => {
        const vectors = [Float32Array.of(writer, writer, writer, writer + 1)];
        return store().insert({ collection, ids, vectors, metadata: [{ writer }] });
      });
      await Promise.all(calls);
      const { vectors } = await store().get({ collection, ids });
      const writer = vectors[0]!.metadata!["writer"] as number;
      expect([...vectors[0]!.vector!]).toEqual([writer, writer, writer, writer + 1]);
      expect(await store().count({ collection })).toEqual({ count: 1 });
    });

    it("that make the same collection at the same time make it once", async () => {
      const collection = newCollection();
      const calls = Array.from({ length: 10 }, (_, seed) =>
        store().insert({ collection, vectors: someVectors(2, 4, seed) }),
      );
      await Promise.all(calls);
      expect(await store().count({ collection })).toEqual({ count: 20 });
    });
  });
}
