/** Update: what changes, what stays, and who is refused. */
import { describe, expect, it } from "vitest";
import type { UpdateRequest } from "../../src/protocol/index.js";
import { expectRefusal, fill, newCollection, someVectors, sameResult } from "./api-fixture.js";
import type { StoreUnderTest } from "./api-fixture.js";

const absent = "ffffffff-0000-4000-8000-000000000000";

export function describeApiUpdate(store: StoreUnderTest): void {
  describe("update", () => {
    it("changes vectors and leaves metadata, and the other way round", async () => {
      const { collection, ids, vectors, metadata } = await fill(store(), { count: 4 });
      const [fresh] = someVectors(1, 8, 61) as [Float32Array];
      const answer = await store().update({ collection, ids: [ids[0]!], vectors: [fresh] });
      expect(answer).toMatchObject({ status: "success", vector_ids: [ids[0]], missing_ids: [] });
      expect(answer.commit_token).toMatch(/\S/);
      await store().update({ collection, ids: [ids[1]!], metadata: [{ new: true }] });
      const found = await store().get({ collection, ids });
      expect(found.vectors[0]).toMatchObject({ vector: fresh, metadata: metadata[0] });
      expect(found.vectors[1]).toMatchObject({ vector: vectors[1], metadata: { new: true } });
      expect(found.vectors[1]!.metadata).toEqual({ new: true });
      expect(found.vectors[2]).toMatchObject({ vector: vectors[2], metadata: metadata[2] });
    });

    it("merges member by member, whole values each, when asked to", async () => {
      const collection = newCollection();
      const metadata = [{ keep: 1, change: { a: 1, b: 2 }, list: [1, 2] }];
      const { vector_ids: ids } = await store().insert({
        collection,
        vectors: someVectors(1, 4),
        metadata,
      });
      const change = [{ change: { c: 3 }, list: [], added: null }];
      await store().update({ collection, ids, metadata: change, metadata_mode: "merge" });
      const found = await store().get({ collection, ids });
      expect(found.vectors[0]!.metadata).toEqual({
        keep: 1,
        change: { c: 3 },
        list: [],
        added: null,
      });
    });

    it("gives changed rows a larger version, and others none", async () => {
      const { collection, ids } = await fill(store(), { count: 3 });
      const before = (await store().get({ collection, ids })).vectors;
      await store().update({ collection, ids: [ids[1]!], metadata: [{}] });
      const after = (await store().get({ collection, ids })).vectors;
      expect(after[0]!.version).toBe(before[0]!.version);
      expect(after[1]!.version > before[1]!.version).toBe(true);
      expect(after[2]!.version).toBe(before[2]!.version);
    });

    it("names the ids that are not there, and changes the others", async () => {
      const { collection, ids } = await fill(store(), { count: 2 });
      const answer = await store().update({
        collection,
        ids: [absent, ids[1]!],
        metadata: [{ row: "absent" }, { row: "present" }],
      });
      expect(answer).toMatchObject({ vector_ids: [ids[1]], missing_ids: [absent] });
      const found = await store().get({ collection, ids: [absent, ids[1]!] });
      expect(found.missing_ids).toEqual([absent]);
      expect(found.vectors[0]!.metadata).toEqual({ row: "present" });
    });

    it("changes a row of a known version, and refuses all when one does not match", async () => {
      const { collection, ids } = await fill(store(), { count: 2 });
      const rows = (await store().get({ collection, ids })).vectors;
      const if_versions = rows.map((row) => row.version);
      const first = { collection, ids, metadata: [{ n: 1 }, { n: 1 }], if_versions };
      expect((await store().update(first)).vector_ids).toEqual(ids);
      const changed = (await store().get({ collection, ids })).vectors;
      const half = [changed[0]!.version, if_versions[1]!];
      const second = { collection, ids, metadata: [{ n: 2 }, { n: 2 }], if_versions: half };
      await expectRefusal(store().update(second), "VERSION_CONFLICT");
      const after = (await store().get({ collection, ids })).vectors;
      expect(after).toEqual(changed);
    });

    it("refuses a version of a row that is not there", async () => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const [row] = (await store().get({ collection, ids })).vectors;
      const request = { collection, ids: [absent], metadata: [{}], if_versions: [row!.version] };
      await expectRefusal(store().update(request), "VERSION_CONFLICT");
    });

    it("lets one of many with the same known version win", async () => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const [row] = (await store().get({ collection, ids })).vectors;
      const calls = Array.from({ length: 10 }, (_, writer) =>
        store().update({ collection, ids, metadata: [{ writer }], if_versions: [row!.version] }),
      );
      const ends = await Promise.allSettled(calls);
      const won = ends.flatMap((end, writer) => (end.status === "fulfilled" ? [writer] : []));
      expect(won).toHaveLength(1);
      for (const end of ends) {
        if (end.status === "rejected") {
          expect(end.reason).toMatchObject({ code: "VERSION_CONFLICT" });
        }
      }
      const found = await store().get({ collection, ids });
      expect(found.vectors[0]!.metadata).toEqual({ writer: won[0] });
    });

    it("answers a repeated idempotency key with the first result", async () => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const request = { collection, ids, metadata: [{ n: 1 }], idempotency_key: "update-once" };
      const first = await store().update(request);
      await store().update({ collection, ids, metadata: [{ n: 2 }] });
      expect(await store().update(request)).toEqual(sameResult(first));
      expect((await store().get({ collection, ids })).vectors[0]!.metadata).toEqual({ n: 2 });
    });

    const refused: readonly [string, object, string?][] = [
      ["nothing to change", { metadata: undefined }],
      ["no ids", { ids: [] }, "ids"],
      ["the same id twice", { ids: [absent, absent], metadata: [{}, {}] }, "ids[1]"],
      ["fewer rows than ids", { vectors: [] }, "vectors"],
      ["more metadata than ids", { metadata: [{}, {}] }, "metadata"],
      ["more versions than ids", { if_versions: ["a", "b"] }, "if_versions"],
      ["an unknown mode", { metadata_mode: "append" }, "metadata_mode"],
      ["another dimension", { vectors: [[1, 2, 3]] }],
      ["an unknown member", { upsert: true }, "upsert"],
    ];
    it.each(refused)("refuses %s", async (_, change, field) => {
      const { collection, ids } = await fill(store(), { count: 1 });
      const request = { collection, ids, metadata: [{ changed: 1 }], ...change } as UpdateRequest;
      await expectRefusal(store().update(request), "INVALID_ARGUMENT", field);
      const found = await store().get({ collection, ids });
      expect(found.vectors[0]!.metadata).not.toHaveProperty("changed");
    });

    it("refuses a merge that makes metadata too large, changing no row", async () => {
      const collection = newCollection();
      const metadata = [{ a: "x".repeat(40_000) }, { a: "y" }];
      const vectors = someVectors(2, 3);
      const { vector_ids: ids } = await store().insert({ collection, vectors, metadata });
      const change = [{ b: "x".repeat(40_000) }, { b: "z" }];
      const call = store().update({ collection, ids, metadata: change, metadata_mode: "merge" });
      await expectRefusal(call, "TOO_LARGE");
      const found = await store().get({ collection, ids });
      expect(found.vectors.map((row) => row.metadata)).toEqual(metadata);
    });
  });
}
