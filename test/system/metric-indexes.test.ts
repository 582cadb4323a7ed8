/** Searches by another metric than the collection's own, which bring about an index for it. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { open } from "../../dist/index.js";
import type { OpenStore, SearchAnswer } from "../../dist/index.js";
import { seededRandom, systemRandom } from "../../dist/base/index.js";
import { EmbeddedStore } from "../../dist/node/embedded-store.js";
import { Node } from "../../dist/node/node.js";
import { clusteredRows } from "../conformance/index-fixture.js";

const collection = "rows";
const dimension = 16;
const rowCount = 12_000;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const distance_metric = "l2";

const packed = clusteredRows(seededRandom(seed), rowCount + 1000, dimension);
const vectorOf = (row: number): Float32Array =>
  packed.slice(row * dimension, (row + 1) * dimension);
const vectors = Array.from({ length: rowCount }, (_, row) => vectorOf(row));
/** Between two rows that need not be near each other. */
const queryOf = (n: number): Float32Array =>
  vectorOf(n * 7).map((value, index) => (2 * value + vectorOf(n * 11)[index]!) / 3);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(50);
}

type Searcher = Pick<EmbeddedStore, "search">;

function search(store: Searcher, query_vector: Float32Array, exact = false): Promise<SearchAnswer> {
  const asked = { top_k: 10, distance_metric, exact, explain: true } as const;
  return store.search({ collection, query_vector, ...asked });
}

/** The plan of a search that no wish of its own keeps from an index. */
async function planOf(store: Searcher): Promise<Readonly<Record<string, unknown>>> {
  return (await search(store, queryOf(1))).metrics.plan ?? {};
}

describe(`searches by another metric (SEED=${seed})`, () => {
  let path: string;
  let store: OpenStore;
  let ids: readonly string[];

  const openStore = () => open({ path, threads: 2, test_hooks: true });
  const isIndexed = async (): Promise<boolean> => {
    const plan = await planOf(store);
    return plan["index"] === "shared" && plan["fresh_rows"] === 0;
  };

  async function recall(): Promise<number> {
    let found = 0;
    for (let n = 0; n < 100; n++) {
      const nearest = await search(store, queryOf(n), true);
      expect(nearest.metrics.exact).toBe(true);
      const truth = new Set(nearest.results.map(({ id }) => id));
      const { results } = await search(store, queryOf(n));
      found += results.filter(({ id }) => truth.has(id)).length;
    }
    return found / 1000;
  }

  /** The share of rows that are the nearest to themselves. */
  async function foundOf(
    rows: readonly Float32Array[],
    rowIds: readonly string[],
  ): Promise<number> {
    const every = Math.ceil(rows.length / 100);
    let [asked, found] = [0, 0];
    for (let row = 0; row < rows.length; row += every, asked++) {
      const { results } = await search(store, rows[row]!);
      if (results[0]?.id === rowIds[row] && results[0]?.distance === 0) found++;
    }
    return found / asked;
  }

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-metrics-"));
    store = await openStore();
    await store.create_collection({ collection, dimension, distance_metric: "cosine" });
    ids = (await store.insert({ collection, vectors })).vector_ids;
  });
  afterAll(async () => {
    await store.close();
    await rm(path, { recursive: true, force: true });
  });

  it("scan at first, then walk an index of their own", async () => {
    const { metrics } = await search(store, queryOf(0));
    expect(metrics.exact).toBe(true);
    expect(metrics.plan).toMatchObject({ index: "none", route: "scan", distance_metric });
    const added = new Promise<unknown>((resolve) => {
      store.events$.subscribe((event) => event.type === "index_metric_added" && resolve(event));
    });
    for (let n = 0; n < 40; n++) await search(store, queryOf(n));
    expect(await added).toMatchObject({ collection, distance_metric, reason: "searches" });
    await until(isIndexed);
    expect((await search(store, queryOf(2))).metrics).toMatchObject({
      exact: false,
      plan: { index: "shared", distance_metric, indexed_rows: rowCount },
    });
    expect(await recall()).toBeGreaterThanOrEqual(0.95);
    const { metric_indexes } = await store.describe_collection({ collection });
    expect(metric_indexes).toEqual([{ distance_metric, indexed_rows: rowCount }]);
    const own = await store.search({ collection, query_vector: queryOf(3), explain: true });
    expect(own.metrics.plan).toMatchObject({ index: "shared", distance_metric: "cosine" });
  });

  it("see inserts and deletes at once", async () => {
    const more = Array.from({ length: 500 }, (_, row) => vectorOf(rowCount + row));
    const { vector_ids } = await store.insert({ collection, vectors: more });
    expect(await foundOf(more, vector_ids)).toBeGreaterThanOrEqual(0.95);
    await until(isIndexed);
    expect(await foundOf(more, vector_ids)).toBeGreaterThanOrEqual(0.95);
    await store.delete({ collection, ids: [vector_ids[250]!, ids[77]!] });
    for (const [query, id] of [
      [more[250]!, vector_ids[250]],
      [vectors[77]!, ids[77]],
    ] as const) {
      const { results } = await search(store, query);
      expect(results.map((one) => one.id)).not.toContain(id);
    }
    expect(await recall()).toBeGreaterThanOrEqual(0.95);
  });

  it.each([
    ["build-0", rowCount + 500],
    ["write-0", rowCount + 600],
    ["search-0", rowCount + 700],
  ])("are right after the death of %s, and their index goes on", async (host, first) => {
    await store.kill_thread(host, "exit");
    const more = Array.from({ length: 100 }, (_, row) => vectorOf(first + row));
    const { vector_ids } = await store.insert({ collection, vectors: more });
    expect(await foundOf(more, vector_ids)).toBeGreaterThanOrEqual(0.95);
    await until(isIndexed);
    expect(await foundOf(more, vector_ids)).toBeGreaterThanOrEqual(0.95);
    expect(await recall()).toBeGreaterThanOrEqual(0.95);
  });

  it("find their index again after a restart", async () => {
    await store.close();
    store = await openStore();
    await until(isIndexed);
    expect(await recall()).toBeGreaterThanOrEqual(0.95);
    expect(await readdir(join(path, "collections", collection, "shard-0"))).toContain("index-l2");
  });
});

describe("an index by another metric that nobody asks for", () => {
  let node: Node | undefined;
  let path: string | undefined;

  afterEach(async () => {
    await node?.close();
    if (path !== undefined) await rm(path, { recursive: true, force: true });
  });

  it("is dropped, and searches by its metric scan again", async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-metrics-"));
    const demand = { scans: 1, withinMs: 60_000, idleMs: 2500 };
    node = await Node.open({ path, threads: 1 }, { demand, shards: 1 });
    const store = new EmbeddedStore({
      registry: node.registry,
      random: systemRandom,
      close: () => Promise.resolve(),
    });
    const dropped = new Promise<void>((resolve) => {
      node!.events.listen(({ type }) => type === "index_metric_dropped" && resolve());
    });
    await store.create_collection({ collection, dimension, distance_metric: "cosine" });
    await store.insert({ collection, vectors });
    await search(store, queryOf(0));
    await until(async () => (await planOf(store))["index"] === "shared");
    await dropped;
    expect((await store.describe_collection({ collection })).metric_indexes).toBeUndefined();
    const shard = await readdir(join(path, "collections", collection, "shard-0"));
    expect(shard).not.toContain("index-l2");
    const { metrics, results } = await search(store, vectors[5]!);
    expect(metrics.plan).toMatchObject({ index: "none", route: "scan" });
    expect(results[0]?.distance).toBe(0);
  });
});
