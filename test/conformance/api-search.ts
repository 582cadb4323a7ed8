/** Search and search_batch: nearest first, by every metric, under every option. */
import { describe, expect, it } from "vitest";
import type { DistanceMetric, SearchRequest } from "../../src/protocol/index.js";
import { plainDistance } from "../support/plain-distance.js";
import { expectRefusal, fill, newCollection, someMetadata, someVectors } from "./api-fixture.js";
import type { Filled, StoreUnderTest } from "./api-fixture.js";

const metrics = ["cosine", "l2", "dot_product"] as const;

/** The rows' numbers, nearest first, as the definitions of the metrics say. */
function trueOrder(filled: Filled, query: Float32Array, metric: DistanceMetric) {
  return filled.vectors
    .map((vector, row) => ({ row, distance: plainDistance(metric, query, vector) }))
    .sort((left, right) => left.distance - right.distance);
}

function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(2e-4 * Math.max(1, Math.abs(expected)));
}

export function describeApiSearch(store: StoreUnderTest): void {
  describe("search", () => {
    describe.each(metrics)("on a collection of %s", (own) => {
      it.each(metrics)("answers by %s, exactly when asked to", async (metric) => {
        const filled: Filled = {
          collection: newCollection(),
          vectors: someVectors(150, 12, 21),
          metadata: someMetadata(150),
          ids: [],
        };
        const { collection, vectors, metadata } = filled;
        await store().create_collection({ collection, dimension: 12, distance_metric: own });
        const { vector_ids } = await store().insert({ collection, vectors, metadata });
        for (const query of someVectors(5, 12, 22)) {
          const found = await store().search({
            collection,
            query_vector: query,
            top_k: 20,
            distance_metric: metric,
            exact: true,
          });
          const expected = trueOrder(filled, query, metric).slice(0, 20);
          expect(found.metrics.exact).toBe(true);
          expect(found.results.map((row) => row.id)).toEqual(
            expected.map(({ row }) => vector_ids[row]),
          );
          found.results.forEach((row, rank) => expectClose(row.distance, expected[rank]!.distance));
        }
      });
    });

    it("finds at least 95 of 100 true neighbours when left to itself", async () => {
      const filled = await fill(store(), { count: 1500, dimension: 24, seed: 31 });
      let hits = 0;
      for (const query of someVectors(20, 24, 32)) {
        const { collection } = filled;
        const found = await store().search({ collection, query_vector: query, top_k: 10 });
        const nearest = trueOrder(filled, query, "cosine").slice(0, 10);
        const expected = new Set(nearest.map(({ row }) => filled.ids[row]));
        hits += found.results.filter((row) => expected.has(row.id)).length;
        const distances = found.results.map((row) => row.distance);
        expect(distances).toEqual([...distances].sort((left, right) => left - right));
      }
      expect(hits).toBeGreaterThanOrEqual(190);
    });

    it("uses the collection's own metric when none is named, and answers 10", async () => {
      const filled = await fill(store());
      const query_vector = filled.vectors[0]!;
      const { collection } = filled;
      const found = await store().search({ collection, query_vector });
      expect(found.results).toHaveLength(10);
      const named = await store().search({ collection, query_vector, distance_metric: "cosine" });
      expect(named.results.map((row) => row.id)).toEqual(found.results.map((row) => row.id));
    });

    it("gives each result whole, with vector, metadata, version; or without", async () => {
      const { collection, vectors, metadata, ids } = await fill(store());
      const request = { collection, query_vector: vectors[3]!, top_k: 1 };
      const stored = await store().get({ collection, ids: [ids[3]!] });
      const { results, metrics: figures } = await store().search(request);
      expect(results[0]).toEqual({ ...stored.vectors[0], distance: results[0]!.distance });
      expect(results[0]).toMatchObject({ vector: vectors[3], metadata: metadata[3] });
      expectClose(results[0]!.distance, 0);
      expect(figures.nodes_queried).toBeGreaterThanOrEqual(1);
      expect(figures.time_ms).toBeGreaterThanOrEqual(0);
      expect(figures).not.toHaveProperty("plan");
      const bare = await store().search({
        ...request,
        include_vectors: false,
        include_metadata: false,
      });
      expect(Object.keys(bare.results[0]!).sort()).toEqual(["distance", "id", "version"]);
    });

    it("takes the query as numbers too", async () => {
      const { collection, vectors, ids } = await fill(store());
      const query_vector = [...vectors[5]!];
      const found = await store().search({ collection, query_vector, top_k: 1 });
      expect(found.results[0]!.id).toBe(ids[5]);
    });

    it("explains itself when asked", async () => {
      const { collection, vectors } = await fill(store());
      const found = await store().search({ collection, query_vector: vectors[0]!, explain: true });
      expect(found.metrics.plan).toBeTypeOf("object");
    });

    it("gives all rows where there are fewer than top_k", async () => {
      const { collection, vectors } = await fill(store(), { count: 30 });
      const found = await store().search({ collection, query_vector: vectors[0]!, top_k: 1000 });
      expect(new Set(found.results.map((row) => row.id)).size).toBe(30);
    });

    it("finds nothing in an empty collection", async () => {
      const collection = newCollection();
      await store().create_collection({ collection, dimension: 3 });
      expect((await store().search({ collection, query_vector: [1, 2, 3] })).results).toEqual([]);
    });

    it("steps over the first results", async () => {
      const { collection, vectors } = await fill(store(), { count: 50 });
      const request = { collection, query_vector: vectors[0]!, exact: true };
      const whole = (await store().search({ ...request, top_k: 50 })).results;
      for (const offset of [0, 1, 13, 45, 50, 10_000]) {
        const page = await store().search({ ...request, top_k: 7, offset });
        expect(page.results).toEqual(whole.slice(offset, offset + 7));
      }
    });

    it.each(metrics)("keeps within max_distance by %s", async (metric) => {
      const filled = await fill(store(), { count: 80 });
      const query = someVectors(1, 8, 41)[0]!;
      const expected = trueOrder(filled, query, metric);
      // Between two rows, so that rounding cannot matter.
      const max_distance = (expected[29]!.distance + expected[30]!.distance) / 2;
      const found = await store().search({
        collection: filled.collection,
        query_vector: query,
        top_k: 80,
        distance_metric: metric,
        max_distance,
        exact: true,
      });
      expect(found.results.map((row) => row.id)).toEqual(
        expected.slice(0, 30).map(({ row }) => filled.ids[row]),
      );
    });

    it("never gives fewer than top_k while that many match the filter", async () => {
      const filled = await fill(store(), { count: 400, seed: 51 });
      const { collection } = filled;
      const filters: readonly [Record<string, unknown>, (row: number) => boolean][] = [
        [{ parity: "even" }, (row) => row % 2 === 0],
        [{ tens: 7 }, (row) => Math.floor(row / 10) === 7],
        [{ row: { $gte: 395 } }, (row) => row >= 395],
        [{ row: { $in: [3, 77, 399, 1000] } }, (row) => [3, 77, 399].includes(row)],
        [
          { $or: [{ row: 1 }, { $and: [{ tens: 2 }, { parity: "odd" }] }] },
          (row) => row === 1 || (row >= 20 && row < 30 && row % 2 === 1),
        ],
        [{ row: { $lt: 0 } }, () => false],
        [{}, () => true],
      ];
      for (const [filter, matches] of filters) {
        for (const exact of [false, true]) {
          const query = filled.vectors[0]!;
          const request = { collection, query_vector: query, top_k: 15, filter, exact };
          const found = await store().search(request);
          const expected = trueOrder(filled, query, "cosine").filter(({ row }) => matches(row));
          const rows = found.results.map((row) => row.metadata!["row"] as number);
          expect(rows.every(matches)).toBe(true);
          expect(rows).toHaveLength(Math.min(15, expected.length));
          if (exact) expect(rows).toEqual(expected.slice(0, 15).map(({ row }) => row));
        }
      }
    });

    it("finds what a filter admits however far from the query it lies", async () => {
      const collection = newCollection();
      const near = Array.from({ length: 300 }, (_, row) => [1, row / 1e4]);
      const far = Array.from({ length: 12 }, (_, row) => [-1, row / 1e2]);
      const metadata = [...near.map(() => ({ side: "near" })), ...far.map(() => ({ side: "far" }))];
      await store().insert({ collection, vectors: [...near, ...far], metadata });
      const found = await store().search({
        collection,
        query_vector: [1, 0],
        top_k: 12,
        filter: { side: "far" },
      });
      expect(found.results).toHaveLength(12);
      expect(found.results.every((row) => row.metadata!["side"] === "far")).toBe(true);
    });

    it("takes the cosine of a vector of zeros as 0", async () => {
      const collection = newCollection();
      await store().insert({
        collection,
        vectors: [
          [0, 0],
          [1, 0],
        ],
      });
      const found = await store().search({ collection, query_vector: [1, 0] });
      expect(found.results.map((row) => Math.round(row.distance * 1e4) / 1e4)).toEqual([0, 1]);
      const zero = await store().search({ collection, query_vector: [0, 0] });
      expect(zero.results.map((row) => row.distance)).toEqual([1, 1]);
    });

    it("sees what was just updated and deleted", async () => {
      const { collection, ids } = await fill(store(), { count: 40 });
      const target = Float32Array.of(9, 9, 9, 9, -9, -9, -9, -9);
      const near = { collection, query_vector: target, top_k: 1, distance_metric: "l2" as const };
      await store().update({ collection, ids: [ids[8]!], vectors: [target] });
      expect((await store().search(near)).results[0]).toMatchObject({ id: ids[8], distance: 0 });
      await store().delete({ collection, ids: [ids[8]!] });
      const found = await store().search({ ...near, top_k: 40 });
      expect(found.results).toHaveLength(39);
      expect(found.results.map((row) => row.id)).not.toContain(ids[8]);
    });

    const refused: readonly [string, object, string?][] = [
      ["no query", { query_vector: undefined }, "query_vector"],
      ["another dimension", { query_vector: [1, 2] }, "query_vector"],
      ["an empty query", { query_vector: [] }, "query_vector"],
      ["words for numbers", { query_vector: ["a", "b", "c"] }],
      ["top_k 0", { top_k: 0 }, "top_k"],
      ["top_k 1,001", { top_k: 1001 }, "top_k"],
      ["top_k 1.5", { top_k: 1.5 }, "top_k"],
      ["an offset below 0", { offset: -1 }, "offset"],
      ["an unknown metric", { distance_metric: "euclid" }, "distance_metric"],
      ["an unknown level", { consistency_level: "MOST" }, "consistency_level"],
      ["a recall above 1", { recall: 1.1 }, "recall"],
      ["an unknown member", { topk: 3 }, "topk"],
      ["an unknown operator", { filter: { row: { $near: 1 } } }],
      ["an operator at the top", { filter: { $gt: 1 } }],
      ["an operand of the wrong type", { filter: { row: { $in: 3 } } }],
      ["a filter that is an array", { filter: [] }, "filter"],
      ["a filter deeper than 32", { filter: nested(40) }],
      [
        "a filter of 1,001 nodes",
        { filter: { $or: Array.from({ length: 1001 }, (_, row) => ({ row })) } },
      ],
    ];
    it.each(refused)("refuses %s", async (_, change, field) => {
      const { collection } = await fill(store(), { count: 3, dimension: 3 });
      const request = { collection, query_vector: [1, 2, 3], ...change } as SearchRequest;
      await expectRefusal(store().search(request), "INVALID_ARGUMENT", field);
    });

    it.each([NaN, Infinity])("refuses %d in a query", async (value) => {
      const { collection } = await fill(store(), { count: 3, dimension: 3 });
      const query_vector = Float32Array.of(1, value, 3);
      await expectRefusal(store().search({ collection, query_vector }), "INVALID_ARGUMENT");
    });
  });
}

/** A filter of `depth` filters in each other. */
function nested(depth: number): object {
  return depth === 0 ? { row: 1 } : { $and: [nested(depth - 1)] };
}
