/** Get and count. */
import { describe, expect, it } from "vitest";
import type { CountRequest, GetRequest } from "../../src/protocol/index.js";
import { expectRefusal, fill } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

const absent = "ffffffff-0000-4000-8000-000000000000";

export function describeApiReads(store: StoreUnderTest): void {
  describe("get", () => {
    it("gives rows in the order asked for, and names the missing", async () => {
      const { collection, ids, vectors, metadata } = await fill(store(), { count: 5 });
      const answer = await store().get({ collection, ids: [ids[4]!, absent, ids[0]!] });
      expect(answer.missing_ids).toEqual([absent]);
      expect(answer.vectors).toMatchObject([
        { id: ids[4], vector: vectors[4], metadata: metadata[4] },
        { id: ids[0], vector: vectors[0], metadata: metadata[0] },
      ]);
      for (const row of answer.vectors) expect(row.version).toMatch(/\S/);
    });

    it("leaves out what is not wanted", async () => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const bare = { collection, ids, include_vectors: false, include_metadata: false };
      const [row] = (await store().get(bare)).vectors;
      expect(Object.keys(row!).sort()).toEqual(["id", "version"]);
      const half = await store().get({ collection, ids, include_vectors: false });
      expect(Object.keys(half.vectors[0]!).sort()).toEqual(["id", "metadata", "version"]);
    });

    it("takes ids in either case", async () => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const found = await store().get({ collection, ids: [ids[0]!.toUpperCase()] });
      expect(found.vectors[0]!.id).toBe(ids[0]);
    });

    const refused: readonly [string, object, string?][] = [
      ["no ids", { ids: [] }, "ids"],
      ["an id that is no UUID", { ids: ["x"] }, "ids[0]"],
      ["the same id twice", { ids: [absent, absent] }, "ids[1]"],
      ["an unknown member", { filter: {} }, "filter"],
    ];
    it.each(refused)("refuses %s", async (_, change, field) => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const request = { collection, ids, ...change } as GetRequest;
      await expectRefusal(store().get(request), "INVALID_ARGUMENT", field);
    });
  });

  describe("count", () => {
    it("is exact, with and without a filter, after every change", async () => {
      const { collection, ids, vectors } = await fill(store(), { count: 60 });
      const odd = { collection, filter: { parity: "odd" } };
      expect(await store().count({ collection })).toEqual({ count: 60 });
      expect(await store().count(odd)).toEqual({ count: 30 });
      await store().delete({ collection, ids: ids.slice(0, 10) });
      expect(await store().count(odd)).toEqual({ count: 25 });
      await store().insert({ collection, ids: [ids[11]!], vectors: [vectors[0]!] });
      expect(await store().count(odd)).toEqual({ count: 24 });
      expect(await store().count({ collection })).toEqual({ count: 50 });
    });

    it("understands every operator of filters", async () => {
      const { collection } = await fill(store(), { count: 40 });
      const counts: readonly [Record<string, unknown>, number][] = [
        [{ row: { $eq: 5 } }, 1],
        [{ row: { $ne: 5 } }, 39],
        [{ row: { $gt: 35 } }, 4],
        [{ row: { $gte: 35, $lt: 38 } }, 3],
        [{ row: { $lte: 3 } }, 4],
        [{ row: { $in: [1, 2, "3"] } }, 2],
        [{ row: { $nin: [1, 2] } }, 38],
        [{ absent: { $exists: false } }, 40],
        [{ absent: { $ne: 1 } }, 40],
        [{ absent: { $gt: 1 } }, 0],
        [{ parity: { $contains: "ve" } }, 20],
        [{ parity: { $regex: "^e" } }, 20],
        [{ row: { $not: { $lt: 30 } } }, 10],
        [{ $not: { parity: "odd" } }, 20],
        [{ $nor: [{ parity: "odd" }, { row: { $lt: 10 } }] }, 15],
        [{ row: "5" }, 0],
      ];
      for (const [filter, count] of counts) {
        expect({ filter, ...(await store().count({ collection, filter })) }).toEqual({
          filter,
          count,
        });
      }
    });

    it("refuses a filter that is none", async () => {
      const { collection } = await fill(store(), { count: 1 });
      for (const filter of [{ row: { $what: 1 } }, { $and: {} }, "row = 1"]) {
        const request = { collection, filter } as CountRequest;
        await expectRefusal(store().count(request), "INVALID_ARGUMENT");
      }
    });
  });
}
