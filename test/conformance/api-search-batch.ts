/** search_batch: many searches of one collection at once. */
import { describe, expect, it } from "vitest";
import { expectRefusal, fill } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

export function describeApiSearchBatch(store: StoreUnderTest): void {
  describe("search_batch", () => {
    it("answers each query as search does", async () => {
      const { collection, vectors } = await fill(store(), { count: 100 });
      const queries = [
        { query_vector: vectors[1]!, top_k: 3, exact: true },
        { query_vector: vectors[2]!, top_k: 5, filter: { parity: "odd" }, exact: true },
        {
          query_vector: vectors[3]!,
          distance_metric: "l2" as const,
          include_vectors: false,
          exact: true,
        },
      ];
      const { answers } = await store().search_batch({ collection, queries });
      expect(answers).toHaveLength(3);
      for (const [index, query] of queries.entries()) {
        const { results } = await store().search({ collection, ...query });
        expect(answers[index]!.results).toEqual(results);
        expect(answers[index]!.metrics.exact).toBe(true);
      }
    });

    it("runs a thousand at once, and refuses one more", async () => {
      const { collection, vectors, ids } = await fill(store(), { count: 20 });
      const queries = Array.from({ length: 1000 }, (_, index) => ({
        query_vector: vectors[index % 20]!,
        top_k: 1,
        include_vectors: false,
      }));
      const { answers } = await store().search_batch({ collection, queries });
      expect(answers.map((one) => one.results[0]!.id)).toEqual(
        queries.map((_, index) => ids[index % 20]),
      );
      const more = { collection, queries: [...queries, queries[0]!] };
      await expectRefusal(store().search_batch(more), "INVALID_ARGUMENT", "queries");
      const none = { collection, queries: [] };
      await expectRefusal(store().search_batch(none), "INVALID_ARGUMENT", "queries");
    });

    it("is refused whole when one query is bad, and says which", async () => {
      const { collection, vectors } = await fill(store(), { count: 5 });
      const good = { query_vector: vectors[0]! };
      const queries = [good, { ...good, top_k: 0 }];
      const call = store().search_batch({ collection, queries });
      await expectRefusal(call, "INVALID_ARGUMENT", "queries[1].top_k");
      const other = store().search_batch({ collection, queries: [good, { query_vector: [1] }] });
      await expectRefusal(other, "INVALID_ARGUMENT");
    });
  });
}
