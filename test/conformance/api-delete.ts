/** Delete: by id, by filter, under a condition; and what is gone stays gone. */
import { describe, expect, it } from "vitest";
import type { DeleteRequest } from "../../src/protocol/index.js";
import { expectRefusal, fill, sameResult } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

const absent = "ffffffff-0000-4000-8000-000000000000";

export function describeApiDelete(store: StoreUnderTest): void {
  describe("delete", () => {
    it("removes rows by id, and names those that were not there", async () => {
      const { collection, ids } = await fill(store(), { count: 10 });
      const answer = await store().delete({ collection, ids: [ids[2]!, absent, ids[5]!] });
      expect(answer).toMatchObject({ status: "success", missing_ids: [absent] });
      expect([...answer.vector_ids].sort()).toEqual([ids[2]!, ids[5]!].sort());
      expect(await store().count({ collection })).toEqual({ count: 8 });
      const found = await store().get({ collection, ids });
      expect(found.missing_ids).toEqual([ids[2], ids[5]]);
      const again = await store().delete({ collection, ids: [ids[2]!] });
      expect(again).toMatchObject({ vector_ids: [], missing_ids: [ids[2]] });
    });

    it("removes what a filter matches, and nothing else", async () => {
      const { collection, ids } = await fill(store(), { count: 50 });
      const filter = { parity: "odd", row: { $lt: 20 } };
      const answer = await store().delete({ collection, filter });
      const expected = ids.filter((_, row) => row % 2 === 1 && row < 20);
      expect([...answer.vector_ids].sort()).toEqual([...expected].sort());
      expect(answer.missing_ids).toEqual([]);
      expect(await store().count({ collection })).toEqual({ count: 40 });
      expect(await store().count({ collection, filter })).toEqual({ count: 0 });
    });

    it("removes nothing when a filter matches nothing, and all by an empty one", async () => {
      const { collection } = await fill(store(), { count: 12 });
      const none = await store().delete({ collection, filter: { row: -1 } });
      expect(none).toMatchObject({ status: "success", vector_ids: [], missing_ids: [] });
      const all = await store().delete({ collection, filter: {} });
      expect(all.vector_ids).toHaveLength(12);
      expect(await store().count({ collection })).toEqual({ count: 0 });
    });

    it("removes a row of a known version, and refuses all when one does not match", async () => {
      const { collection, ids } = await fill(store(), { count: 2 });
      const if_versions = (await store().get({ collection, ids })).vectors.map(
        (row) => row.version,
      );
      await store().update({ collection, ids: [ids[1]!], metadata: [{}] });
      await expectRefusal(store().delete({ collection, ids, if_versions }), "VERSION_CONFLICT");
      expect(await store().count({ collection })).toEqual({ count: 2 });
      const one = { collection, ids: [ids[0]!], if_versions: [if_versions[0]!] };
      expect((await store().delete(one)).vector_ids).toEqual([ids[0]]);
      await expectRefusal(store().delete(one), "VERSION_CONFLICT");
    });

    it("lets a row come back under its id, with a later version", async () => {
      const { collection, ids, vectors } = await fill(store(), { count: 2 });
      const before = (await store().get({ collection, ids })).vectors[0]!;
      await store().delete({ collection, ids: [ids[0]!] });
      const again = { collection, ids: [ids[0]!], vectors: [vectors[1]!], metadata: [{ life: 2 }] };
      await store().insert(again);
      const after = (await store().get({ collection, ids })).vectors[0]!;
      expect(after).toMatchObject({ id: ids[0], vector: vectors[1], metadata: { life: 2 } });
      expect(after.version > before.version).toBe(true);
    });

    it("answers a repeated idempotency key with the first result", async () => {
      const { collection, ids, vectors } = await fill(store(), { count: 1 });
      const request = { collection, ids, idempotency_key: "delete-once" };
      const first = await store().delete(request);
      await store().insert({ collection, ids, vectors });
      expect(await store().delete(request)).toEqual(sameResult(first));
      expect(await store().count({ collection })).toEqual({ count: 1 });
    });

    const refused: readonly [string, object, string?][] = [
      ["neither ids nor filter", { ids: undefined }],
      ["both ids and filter", { filter: { row: 0 } }],
      ["no ids", { ids: [] }, "ids"],
      ["an id that is no UUID", { ids: ["first"] }, "ids[0]"],
      ["versions with a filter", { ids: undefined, filter: { row: 0 }, if_versions: ["a"] }],
      ["more versions than ids", { if_versions: ["a", "b"] }, "if_versions"],
      ["an unknown operator", { ids: undefined, filter: { row: { $like: "a" } } }],
      ["an unknown member", { all: true }, "all"],
    ];
    it.each(refused)("refuses %s, and removes nothing", async (_, change, field) => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const request = { collection, ids, ...change } as DeleteRequest;
      await expectRefusal(store().delete(request), "INVALID_ARGUMENT", field);
      expect(await store().count({ collection })).toEqual({ count: 1 });
    });
  });
}
