/** Collections: made, described, listed, dropped. */
import { describe, expect, it } from "vitest";
import { expectRefusal, newCollection, someVectors } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

export function describeApiCollections(store: StoreUnderTest): void {
  describe("collections", () => {
    it("creates one with what was asked for, and describes it the same", async () => {
      const collection = newCollection();
      const made = await store().create_collection({
        collection,
        dimension: 12,
        distance_metric: "l2",
        index: { type: "flat" },
      });
      expect(made).toMatchObject({
        collection,
        dimension: 12,
        distance_metric: "l2",
        index: { type: "flat" },
        rows: 0,
        indexed_rows: 0,
      });
      expect(made.shards).toBeGreaterThanOrEqual(1);
      expect(made.replication_factor).toBeGreaterThanOrEqual(1);
      expect(await store().describe_collection({ collection })).toMatchObject({
        collection,
        dimension: 12,
        distance_metric: "l2",
        index: made.index,
        shards: made.shards,
        replication_factor: made.replication_factor,
      });
    });

    it("fills in cosine and HNSW, as for a collection that an insert makes", async () => {
      const [named, inserted] = [newCollection(), newCollection()];
      await store().create_collection({ collection: named, dimension: 4 });
      await store().insert({ collection: inserted, vectors: someVectors(1, 4) });
      for (const collection of [named, inserted]) {
        const found = await store().describe_collection({ collection });
        expect(found).toMatchObject({ dimension: 4, distance_metric: "cosine" });
        expect(found.index.type).toBe("hnsw");
      }
    });

    it.each(["hnsw", "ivf", "flat", "auto"] as const)("takes an index of type %s", async (type) => {
      const collection = newCollection();
      await store().create_collection({ collection, dimension: 6, index: { type } });
      const vectors = someVectors(20, 6);
      const { vector_ids } = await store().insert({ collection, vectors });
      const found = await store().search({ collection, query_vector: vectors[7]!, top_k: 1 });
      expect(found.results[0]!.id).toBe(vector_ids[7]);
    });

    it("takes the same settings again, keeping the rows, and refuses others", async () => {
      const collection = newCollection();
      const settings = { collection, dimension: 4, distance_metric: "l2" as const };
      await store().create_collection(settings);
      await store().insert({ collection, vectors: someVectors(3, 4) });
      expect(await store().create_collection(settings)).toMatchObject({ rows: 3 });
      const other = { ...settings, dimension: 5 };
      await expectRefusal(store().create_collection(other), "ALREADY_EXISTS");
      const metric = { ...settings, distance_metric: "cosine" as const };
      await expectRefusal(store().create_collection(metric), "ALREADY_EXISTS");
      expect(await store().count({ collection })).toEqual({ count: 3 });
    });

    it("lists each once, with its figures", async () => {
      const names = [newCollection(), newCollection()];
      for (const [index, collection] of names.entries()) {
        await store().insert({ collection, vectors: someVectors(index + 1, 4) });
      }
      const listed = await store().list_collections();
      for (const [index, name] of names.entries()) {
        const found = listed.filter((one) => one.collection === name);
        expect(found).toHaveLength(1);
        expect(found[0]).toMatchObject({ dimension: 4, rows: index + 1 });
      }
    });

    it("counts rows and bytes", async () => {
      const collection = newCollection();
      const { vector_ids } = await store().insert({ collection, vectors: someVectors(25, 4) });
      await store().delete({ collection, ids: vector_ids.slice(0, 5) });
      const found = await store().describe_collection({ collection });
      expect(found.rows).toBe(20);
      expect(found.indexed_rows).toBeGreaterThanOrEqual(0);
      const parts: readonly number[] = Object.values({ ...found.bytes });
      for (const bytes of parts) expect(bytes).toBeGreaterThanOrEqual(0);
      const total = parts.reduce((sum, bytes) => sum + bytes, 0);
      expect(total).toBeGreaterThanOrEqual(20 * 4);
      expect(Object.keys(found.bytes_per_row).sort()).toEqual(Object.keys(found.bytes).sort());
      expect(found.bytes_per_row.vectors_memory).toBeCloseTo(
        found.bytes.vectors_memory / found.rows,
        0,
      );
    });

    it("drops one with all of its rows; the name is free again", async () => {
      const collection = newCollection();
      await store().insert({ collection, vectors: someVectors(3, 4) });
      await expect(store().drop_collection({ collection })).resolves.toBeUndefined();
      await expectRefusal(store().describe_collection({ collection }), "COLLECTION_NOT_FOUND");
      const listed = await store().list_collections();
      expect(listed.map((one) => one.collection)).not.toContain(collection);
      await store().insert({ collection, vectors: someVectors(2, 9) });
      expect(await store().describe_collection({ collection })).toMatchObject({
        dimension: 9,
        rows: 2,
      });
    });

    it("says which operation found no collection", async () => {
      const collection = newCollection();
      const ids = ["00000000-0000-4000-8000-000000000001"];
      const query_vector = [1, 2];
      const missing: readonly (() => Promise<unknown>)[] = [
        () => store().describe_collection({ collection }),
        () => store().drop_collection({ collection }),
        () => store().search({ collection, query_vector }),
        () => store().search_batch({ collection, queries: [{ query_vector }] }),
        () => store().update({ collection, ids, metadata: [{}] }),
        () => store().delete({ collection, ids }),
        () => store().delete({ collection, filter: { row: 1 } }),
        () => store().get({ collection, ids }),
        () => store().scroll({ collection }),
        () => store().count({ collection }),
      ];
      for (const call of missing) await expectRefusal(call(), "COLLECTION_NOT_FOUND");
    });

    it("refuses settings that are none", async () => {
      const collection = newCollection();
      const good = { collection, dimension: 4 };
      const bad: readonly [object, string][] = [
        [{ ...good, dimension: 0 }, "dimension"],
        [{ ...good, dimension: 4097 }, "dimension"],
        [{ ...good, dimension: 1.5 }, "dimension"],
        [{ ...good, dimension: "4" }, "dimension"],
        [{ ...good, distance_metric: "manhattan" }, "distance_metric"],
        [{ ...good, index: { type: "tree" } }, "index.type"],
        [{ ...good, index: { type: "hnsw", m: -1 } }, "index.m"],
        [{ ...good, index: { type: "hnsw", recall: 1.5 } }, "index.recall"],
        [{ ...good, shards: 0 }, "shards"],
        [{ ...good, replication_factor: 0 }, "replication_factor"],
        [{ ...good, colour: "red" }, "colour"],
      ];
      for (const [request, field] of bad) {
        const call = store().create_collection(request as typeof good);
        await expectRefusal(call, "INVALID_ARGUMENT", field);
      }
      await expectRefusal(store().describe_collection({ collection }), "COLLECTION_NOT_FOUND");
    });

    it.each(["", "-a", ".hidden", "a b", "a/b", "ä", "a".repeat(129), "a%2Fb"])(
      "refuses the name %j",
      async (collection) => {
        const call = store().create_collection({ collection, dimension: 4 });
        await expect(call).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
        const insert = store().insert({ collection, vectors: someVectors(1, 4) });
        await expect(insert).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      },
    );

    it("takes names up to 128 characters, with dots, dashes and digits first", async () => {
      const unique = newCollection();
      for (const collection of [`0${unique}.v-1_A`, unique.padEnd(128, "x")]) {
        await store().create_collection({ collection, dimension: 2 });
        expect(await store().describe_collection({ collection })).toMatchObject({ collection });
      }
    });
  });
}
