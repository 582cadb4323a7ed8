/** Searches that `open()` answers on the thread of the caller, and those that it does not. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { open } from "../../dist/index.js";
import type { OpenStore, SearchAnswer, SearchRequest } from "../../dist/index.js";
import { seededRandom } from "../../dist/base/index.js";
import { clusteredRows } from "../conformance/index-fixture.js";

const collection = "rows";
const dimension = 16;
const rowCount = 2000;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const packed = clusteredRows(seededRandom(seed), rowCount, dimension);
const vectors = Array.from({ length: rowCount }, (_, row) =>
  packed.slice(row * dimension, (row + 1) * dimension),
);

describe(`the thread of the caller (SEED=${seed})`, () => {
  let path: string;
  let store: OpenStore;
  let ids: readonly string[];

  const search = (row: number, wishes: Partial<SearchRequest> = {}): Promise<SearchAnswer> =>
    store.search({ collection, query_vector: vectors[row]!, top_k: 5, explain: true, ...wishes });
  const isHere = ({ metrics }: SearchAnswer): boolean => metrics.plan?.["caller_thread"] === true;
  const isAnsweredHere = async (wishes: Partial<SearchRequest> = {}): Promise<boolean> =>
    isHere(await search(3, wishes));

  async function untilAnsweredHere(wishes: Partial<SearchRequest> = {}): Promise<void> {
    while (!(await isAnsweredHere(wishes))) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-caller-"));
    store = await open({ path, threads: 2, test_hooks: true });
    await store.create_collection({ collection, dimension, index: { type: "hnsw" } });
    const metadata = vectors.map((_, row) => ({ row, odd: row % 2 === 1 }));
    const answer = await store.insert({ collection, vectors, metadata });
    ids = answer.vector_ids;
    for (let rows = 0; rows < rowCount;) {
      ({ indexed_rows: rows } = await store.describe_collection({ collection }));
    }
  });

  afterAll(async () => {
    await store.close();
    await rm(path, { recursive: true });
  });

  it("answers lone searches, as a worker does", async () => {
    await untilAnsweredHere();
    for (let row = 0; row < 50; row++) {
      const wishes = { include_vectors: true, explain: false };
      const [mine, theirs] = [
        await search(row, wishes),
        await search(row, { ...wishes, recall: 1 }),
      ];
      expect(mine.results[0]).toEqual(theirs.results[0]);
      expect(mine.results[0]).toMatchObject({ id: ids[row], metadata: { row } });
      expect(mine.results[0]?.vector).toEqual(vectors[row]);
      expect(mine.results[0]?.vector?.buffer).toBeInstanceOf(ArrayBuffer);
    }
  });

  it("leaves what may take long to workers", async () => {
    await untilAnsweredHere();
    expect(await isAnsweredHere({ exact: true })).toBe(false);
    expect(await isAnsweredHere({ recall: 1 })).toBe(false);
    expect(await isAnsweredHere({ top_k: 200 })).toBe(false);
    expect(await isAnsweredHere({ filter: { row: { $contains: "x" } } })).toBe(false);
  });

  it("sees a write as soon as it was acknowledged, and leaves reads that name it to workers", async () => {
    await untilAnsweredHere();
    for (let n = 0; n < 20; n++) {
      const id = ids[100 + n]!;
      const change = { collection, ids: [id], metadata: [{ row: -1 - n }] };
      const { commit_token: after } = await store.update(change);
      const { results } = await search(100 + n, { explain: false });
      expect(results[0]).toMatchObject({ id, metadata: { row: -1 - n } });
      if (n === 0) expect(await isAnsweredHere({ after })).toBe(false);
    }
  });

  it("answers by a filter that it knows", async () => {
    const filter = { odd: true };
    await untilAnsweredHere({ filter });
    const { results } = await search(3, { filter });
    expect(results.every(({ metadata }) => metadata?.["odd"] === true)).toBe(true);
  });

  it("lets the event loop turn under many searches at once", async () => {
    await untilAnsweredHere();
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const searches = 3000;
    let left = searches;
    let here = 0;
    const client = async (): Promise<void> => {
      while (left-- > 0) here += Number(await isAnsweredHere());
    };
    await Promise.all(Array.from({ length: 16 }, client));
    isOver = true;
    expect(here).toBeGreaterThan(0);
    expect(turns).toBeGreaterThan(searches / 100);
  });

  it("serves on while every search thread is dead", async () => {
    await untilAnsweredHere();
    await Promise.all(["search-0", "search-1"].map((host) => store.kill_thread(host, "terminate")));
    for (const wishes of [{}, { exact: true }]) {
      const { results } = await search(5, wishes);
      expect(results[0]).toMatchObject({ id: ids[5] });
    }
    await untilAnsweredHere();
  });

  it("is left alone where its owner says so", async () => {
    await store.close();
    store = await open({ path, threads: 2, caller_thread_ms: 0 });
    for (let n = 0; n < 40; n++) expect(await isAnsweredHere()).toBe(false);
  });
});
