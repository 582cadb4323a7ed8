/**
 * Filters through real threads, whatever the payload index has taken in: while it is built, after
 * changes of all kinds, after the death of the thread that builds it, and after a restart.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { open } from "../../dist/index.js";
import type { Filter, Metadata, OpenStore } from "../../dist/index.js";
import { compileFilter, parseFilter } from "../../src/filters/index.js";

const collection = "docs";
const count = 5000;
const waitMsMax = 20_000;
/** So many changes the builder may leave to the readers. */
const changesLeft = 255;

const filters: readonly Filter[] = [
  { group: 3 },
  { group: { $gte: 7 }, tags: "even" },
  { tags: { $size: 1 } },
  { name: { $regex: "7$" } },
  { $or: [{ group: { $in: [1, 2] } }, { late: { $exists: true } }], group: { $ne: 2 } },
];

const metadataOf = (n: number): Metadata => ({
  group: n % 10,
  name: `row ${n}`,
  tags: n % 2 === 0 ? ["even"] : ["odd", "uneven"],
});

describe("the payload index", () => {
  let path: string;
  let store: OpenStore;
  /** Every row, by id. */
  const rows = new Map<string, Metadata>();
  let asked = 0;

  const start = async (): Promise<void> => {
    store = await open({ path, threads: 2, test_hooks: true });
  };

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-payload-"));
    await start();
  });
  afterAll(async () => {
    await store.close();
    await rm(path, { recursive: true, force: true });
  });

  async function insert(from: number, to: number, more: Metadata = {}): Promise<void> {
    const metadata = Array.from({ length: to - from }, (_, at) => ({
      ...metadataOf(from + at),
      ...more,
    }));
    const vectors = metadata.map((_, at) => [from + at, 1, 0, 2]);
    const { vector_ids } = await store.insert({ collection, vectors, metadata });
    vector_ids.forEach((id, at) => rows.set(id, metadata[at] as Metadata));
  }

  async function check(): Promise<void> {
    for (const filter of filters) {
      const matches = compileFilter(parseFilter(filter));
      const expected = [...rows].filter(([, metadata]) => matches(metadata));
      const text = JSON.stringify(filter);
      expect((await store.count({ collection, filter })).count, text).toBe(expected.length);
      const { results } = await store.search({
        ...{ collection, filter, query_vector: [1, 1, 1, 1], top_k: 50 },
      });
      expect(results, text).toHaveLength(Math.min(50, expected.length));
      const ids = new Set(expected.map(([id]) => id));
      for (const { id } of results) expect(ids.has(id), text).toBe(true);
    }
  }

  /** Asks filters that nobody remembers until the index answers them with a look at no more rows. */
  async function untilIndexed(looksMax: number): Promise<void> {
    const end = performance.now() + waitMsMax;
    for (;;) {
      const filter = { group: { $gt: 3 }, [`new${asked++}`]: { $exists: false } };
      const { metrics } = await store.search({
        ...{ collection, filter, query_vector: [1, 1, 1, 1], top_k: 1, explain: true },
      });
      const plan = metrics.plan ?? {};
      if (plan["filter_from"] === "index" && Number(plan["filter_looks"]) <= looksMax) return;
      if (performance.now() > end) throw new Error(`never indexed: ${JSON.stringify(plan)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it("answers rightly before it is built, and after", async () => {
    await insert(0, count);
    await check();
    await untilIndexed(0);
    await check();
  });

  it("knows of updates, replacements and deletes by id and by filter at once", async () => {
    const ids = [...rows.keys()];
    const updated = ids.slice(0, 400);
    const metadata = updated.map(() => ({ group: 3 }));
    await store.update({ collection, ids: updated, metadata, metadata_mode: "merge" });
    for (const id of updated) rows.set(id, { ...rows.get(id), group: 3 });
    await check();
    await store.delete({ collection, ids: ids.slice(300, 600) });
    for (const id of ids.slice(300, 600)) rows.delete(id);
    await check();
    const { vector_ids } = await store.delete({ collection, filter: { group: 8 } });
    const gone = [...rows].filter(([, { group }]) => group === 8).map(([id]) => id);
    expect([...vector_ids].sort()).toEqual(gone.sort());
    for (const id of gone) rows.delete(id);
    await check();
    await untilIndexed(changesLeft);
    await check();
  });

  it("outlives the thread that builds it", async () => {
    await store.kill_thread("build-0", "terminate");
    await insert(count, count + 500, { late: true });
    await check();
    await untilIndexed(changesLeft);
    await check();
  });

  it("is built again after a restart", async () => {
    await store.close();
    await start();
    await check();
    await untilIndexed(0);
    await check();
  });
});
