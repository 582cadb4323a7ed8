/** Scroll: a walk over all rows in pages that holds its promise while rows come and go. */
import { describe, expect, it } from "vitest";
import type { ScrollRequest, StoredVector, VectorStore } from "../../src/protocol/index.js";
import { expectRefusal, fill, newCollection, someVectors } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

/** Walks to the end; `between` runs after each page. */
async function walk(
  store: VectorStore,
  request: ScrollRequest,
  between: (page: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<StoredVector[]> {
  const rows: StoredVector[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 10_000; page++) {
    const answer = await store.scroll({ ...request, cursor });
    expect(answer.vectors.length).toBeLessThanOrEqual(request.limit ?? 100);
    rows.push(...answer.vectors);
    cursor = answer.next_cursor;
    if (cursor === undefined) return rows;
    await between(page);
  }
  throw new Error("the walk does not end");
}

export function describeApiScroll(store: StoreUnderTest): void {
  describe("scroll", () => {
    it.each([1, 7, 50, 100, 101])("gives every row once, in pages of %d", async (limit) => {
      const { collection, ids } = await fill(store(), { count: 100 });
      const rows = await walk(store(), { collection, limit });
      expect(rows).toHaveLength(100);
      expect(rows.map((row) => row.id).sort()).toEqual([...ids].sort());
    });

    it("gives rows as get does, 100 a page, or without what is not wanted", async () => {
      const { collection } = await fill(store(), { count: 120 });
      const first = await store().scroll({ collection });
      expect(first.vectors).toHaveLength(100);
      const ids = first.vectors.map((row) => row.id);
      expect((await store().get({ collection, ids })).vectors).toEqual(first.vectors);
      const bare = { collection, include_vectors: false, include_metadata: false, limit: 1 };
      const [row] = (await store().scroll(bare)).vectors;
      expect(Object.keys(row!).sort()).toEqual(["id", "version"]);
    });

    it("gives only what matches the filter", async () => {
      const { collection } = await fill(store(), { count: 100 });
      const rows = await walk(store(), { collection, limit: 9, filter: { parity: "odd" } });
      const numbers = rows.map((row) => row.metadata!["row"] as number);
      expect(numbers.sort((left, right) => left - right)).toEqual(
        Array.from({ length: 50 }, (_, index) => 2 * index + 1),
      );
    });

    it("ends at once where there is nothing", async () => {
      const { collection } = await fill(store(), { count: 3 });
      const answer = await store().scroll({ collection, filter: { row: -1 } });
      expect(answer).toEqual({ vectors: [] });
      const empty = newCollection();
      await store().create_collection({ collection: empty, dimension: 2 });
      expect(await store().scroll({ collection: empty })).toEqual({ vectors: [] });
    });

    it("gives rows that are there throughout exactly once, while others come and go", async () => {
      const { collection, ids } = await fill(store(), { count: 120 });
      const passing = new Set(ids.filter((_, row) => row % 3 === 0));
      const leaving = [...passing];
      const rows = await walk(store(), { collection, limit: 10 }, async (page) => {
        await store().insert({ collection, vectors: someVectors(4, 8, 500 + page) });
        const going = leaving.splice(0, 5);
        if (going.length > 0) await store().delete({ collection, ids: going });
      });
      const seen = rows.map((row) => row.id);
      expect(new Set(seen).size).toBe(seen.length);
      for (const id of ids) if (!passing.has(id)) expect(seen).toContain(id);
    });

    it("gives rows that are rewritten meanwhile exactly once", async () => {
      const { collection, ids, vectors } = await fill(store(), { count: 60 });
      const rows = await walk(store(), { collection, limit: 8 }, () =>
        store().insert({ collection, ids, vectors, metadata: ids.map(() => ({ again: true })) }),
      );
      expect(rows.map((row) => row.id).sort()).toEqual([...ids].sort());
    });

    const refused: readonly [string, object, string?][] = [
      ["a limit of 0", { limit: 0 }, "limit"],
      ["a limit of 10,001", { limit: 10_001 }, "limit"],
      ["a cursor of its own making", { cursor: "not a cursor" }, "cursor"],
      ["an unknown operator", { filter: { row: { $what: 1 } } }],
      ["an unknown member", { offset: 3 }, "offset"],
    ];
    it.each(refused)("refuses %s", async (_, change, field) => {
      const { collection } = await fill(store(), { count: 1 });
      const request = { collection, ...change } as ScrollRequest;
      await expectRefusal(store().scroll(request), "INVALID_ARGUMENT", field);
    });
  });
}
