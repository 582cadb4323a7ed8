/** What a store knows when it is opened again, and what it does when it is asked for too much. */
import { mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isDvespError, open } from "../../dist/index.js";
import type { OpenStore } from "../../dist/index.js";

const collection = "docs";

describe("a store that is opened again", () => {
  let path: string;
  let store: OpenStore;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-reopen-"));
    store = await open({ path, threads: 1 });
  });
  afterEach(async () => {
    await store.close();
    await rm(path, { recursive: true, force: true });
  });

  async function reopen(): Promise<void> {
    await store.close();
    store = await open({ path, threads: 1 });
  }

  it("has the same rows, settings, versions and Merkle root", async () => {
    await store.create_collection({ collection, dimension: 2, distance_metric: "l2" });
    const { vector_ids } = await store.insert({
      collection,
      vectors: [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    });
    await store.update({ collection, ids: [vector_ids[0]!], metadata: [{ changed: true }] });
    const { consistency_hash } = await store.delete({ collection, ids: [vector_ids[1]!] });
    const before = await store.scroll({ collection });
    await reopen();
    expect(await store.scroll({ collection })).toEqual(before);
    expect(await store.describe_collection({ collection })).toMatchObject({
      rows: 2,
      distance_metric: "l2",
    });
    const { vector_ids: more, ...later } = await store.insert({ collection, vectors: [[4, 4]] });
    const undone = await store.delete({ collection, ids: more });
    expect(later.consistency_hash).not.toBe(consistency_hash);
    expect(undone.consistency_hash).not.toBe(consistency_hash);
  });

  it("answers an idempotency key with the first result, and stores nothing", async () => {
    const request = { collection, vectors: [[1, 2]], idempotency_key: "once" };
    const first = await store.insert(request);
    await reopen();
    expect(await store.insert(request)).toEqual(first);
    expect(await store.count({ collection })).toEqual({ count: 1 });
  });

  it("stamps versions above all that it holds, and honours old commit tokens", async () => {
    const { commit_token, vector_ids } = await store.insert({ collection, vectors: [[1, 2]] });
    await reopen();
    const read = await store.get({ collection, ids: vector_ids, after: commit_token });
    const old = read.vectors[0]!.version;
    await store.update({ collection, ids: vector_ids, metadata: [{ a: 1 }], if_versions: [old] });
    const { vectors } = await store.get({ collection, ids: vector_ids });
    expect(vectors[0]!.version > old).toBe(true);
  });

  it("starts from the index's snapshot", async () => {
    const vectors = Array.from({ length: 1200 }, (_, row) => [Math.sin(row), Math.cos(row), row]);
    await store.insert({ collection, vectors });
    const indexed = async (): Promise<number> =>
      (await store.describe_collection({ collection })).indexed_rows;
    while ((await indexed()) < 1200) await new Promise((resolve) => setTimeout(resolve, 50));
    await reopen();
    while ((await indexed()) < 1200) await new Promise((resolve) => setTimeout(resolve, 10));
    const query_vector = vectors[77]!;
    const { metrics } = await store.search({ collection, query_vector, explain: true });
    expect(metrics.plan).toMatchObject({ indexed_rows: 1200, fresh_rows: 0 });
  });

  it("forgets a dropped collection whole, and can make it again", async () => {
    await store.insert({ collection, vectors: [[1, 2]] });
    await store.drop_collection({ collection });
    await reopen();
    expect(await store.list_collections()).toEqual([]);
    await store.insert({ collection, vectors: [[1, 2, 3]] });
    expect(await store.describe_collection({ collection })).toMatchObject({
      rows: 1,
      dimension: 3,
    });
  });

  it("answers reads under way on a collection that is dropped", async () => {
    await store.insert({ collection, vectors: [[1, 2]] });
    const reads = Array.from({ length: 50 }, () =>
      store.search({ collection, query_vector: [1, 2] }).then(
        ({ results }) => results.length,
        (error: unknown) => isDvespError(error) && error.code,
      ),
    );
    await store.drop_collection({ collection });
    const ends = new Set(await Promise.all(reads));
    ends.delete(1);
    expect([...ends].every((end) => end === "COLLECTION_NOT_FOUND")).toBe(true);
  });

  it("refuses a filter that would be lost on its way, and deletes nothing", async () => {
    await store.insert({ collection, vectors: [[1, 2]], metadata: [{ owner: "a" }] });
    const refused = expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error;
    for (const filter of [{ owner: undefined }, { owner: 1n }, { owner: NaN }]) {
      await expect(store.delete({ collection, filter })).rejects.toEqual(refused);
      await expect(store.count({ collection, filter })).rejects.toEqual(refused);
      const search = { collection, query_vector: [1, 2], filter };
      await expect(store.search(search)).rejects.toEqual(refused);
    }
    expect(await store.count({ collection })).toEqual({ count: 1 });
  });

  it("searches on when the file of its index is damaged", async () => {
    await store.close();
    store = await open({ path, threads: 1, test_hooks: true });
    const vectors = Array.from({ length: 500 }, (_, row) => [Math.sin(row), Math.cos(row), row]);
    // The engine whose readers load files.
    const ofFiles = { type: "hnsw", engine: "hnswlib" } as const;
    await store.create_collection({ collection, dimension: 3, index: ofFiles });
    await store.insert({ collection, vectors });
    const indexed = async (): Promise<number> =>
      (await store.describe_collection({ collection })).indexed_rows;
    while ((await indexed()) < 500) await new Promise((resolve) => setTimeout(resolve, 50));
    const index = join(path, "collections", collection, "shard-0", "index");
    for (const name of await readdir(index)) {
      if (name.endsWith(".index")) await truncate(join(index, name), 100);
    }
    await store.kill_thread("search-0", "exit");
    const query_vector = vectors[77]!;
    const { results } = await store.search({ collection, query_vector, timeout_ms: 10_000 });
    expect(results[0]!.distance).toBeLessThan(1e-6);
    await reopen();
    while ((await indexed()) < 500) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  it("refuses what is too much as overloaded, and stores what it acknowledges", async () => {
    await store.insert({ collection, vectors: [[0, 0]] });
    const ends = await Promise.all(
      Array.from({ length: 6000 }, (_, row) =>
        store.insert({ collection, vectors: [[row, 1]], timeout_ms: 60_000 }).then(
          ({ status }) => status,
          (error: unknown) => (isDvespError(error) ? error.code : "bug"),
        ),
      ),
    );
    const tally = new Map<string, number>();
    for (const end of ends) tally.set(end, (tally.get(end) ?? 0) + 1);
    expect([...tally.keys()].sort()).toEqual(["OVERLOADED", "success"]);
    expect(await store.count({ collection })).toEqual({ count: 1 + tally.get("success")! });
  });
});
