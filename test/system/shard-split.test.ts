/** Shards of served nodes split while they are written and read, and a node is killed in the middle. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, open } from "../../dist/index.js";
import type { VectorStore } from "../../dist/index.js";
import { ClusterProcess, eventually } from "../support/cluster-process.js";

const dimension = 4;
const collection = "docs";
const rowsPerWrite = 40;

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "dvesp-split-"));
});
afterEach(() => rm(path, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 }));

const vectorOf = (n: number): number[] => [n, 1, n % 7, 1 / (n + 1)];

class Rows {
  readonly ids: string[] = [];
  #next = 0;

  /** Writes until `isDone`, a few rows at a time, and now and then one more time over. */
  async write(store: VectorStore, isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      const first = this.#next;
      this.#next += rowsPerWrite;
      const numbers = Array.from({ length: rowsPerWrite }, (_, index) => first + index);
      const answer = await store.insert({
        collection,
        vectors: numbers.map(vectorOf),
        metadata: numbers.map((n) => ({ n })),
        timeout_ms: 20_000,
        idempotency_key: `rows ${first}`,
      });
      expect(answer.status).not.toBe("failed");
      this.ids.push(...answer.vector_ids);
      const id = answer.vector_ids[0]!;
      await store.update({
        collection,
        ids: [id],
        metadata: [{ again: true }],
        metadata_mode: "merge",
        timeout_ms: 20_000,
      });
      const { vectors } = await store.get({ collection, ids: [id] });
      expect(vectors[0]?.metadata).toMatchObject({ n: first, again: true });
    }
  }

  async expectAll(store: VectorStore): Promise<void> {
    const found: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await store.scroll({ collection, limit: 1000, cursor });
      found.push(...page.vectors.map(({ id }) => id));
      cursor = page.next_cursor;
      if (cursor === undefined) break;
    }
    expect(found).toEqual([...this.ids].sort());
    expect(await store.count({ collection })).toEqual({ count: this.ids.length });
    const wanted = 17;
    const near = { collection, query_vector: vectorOf(wanted), top_k: 1 };
    const { results } = await store.search({ ...near, include_metadata: true });
    expect(results[0]?.metadata).toMatchObject({ n: wanted });
  }
}

describe("a shard over its threshold", { timeout: 120_000 }, () => {
  it("splits on a node of its own, and again, and is there after a restart", async () => {
    const options = { path, threads: 1, build_threads: 1, split_rows: 400 };
    let store = await open(options);
    const splits: string[] = [];
    store.events$.subscribe(({ type }) => {
      if (type.startsWith("shard_split")) splits.push(type);
    });
    await store.create_collection({ collection, dimension, distance_metric: "l2" });
    const rows = new Rows();
    const finished = (): number => splits.filter((one) => one === "shard_split_finished").length;
    await rows.write(store, () => finished() >= 2);
    expect(new Set(splits)).toEqual(new Set(["shard_split_started", "shard_split_finished"]));
    await rows.expectAll(store);
    const again = await store.insert({
      ...{ collection, vectors: [vectorOf(0)], metadata: [{ n: 0 }] },
      idempotency_key: "rows 0",
    });
    expect(again.vector_ids[0]).toBe(rows.ids[0]);
    await store.close();
    store = await open({ ...options, split_rows: 1_000_000 });
    await rows.expectAll(store);
    await store.close();
  });

  it("splits on three nodes while one of them is killed", async () => {
    const cluster = await ClusterProcess.start(join(path, "data"), 3, "--split-rows", "300");
    for (const node of ["n2", "n3"]) await cluster.until(node, "alive", "n1");
    const store = connect({ nodes: cluster.nodes });
    await store.create_collection({ collection, dimension, distance_metric: "l2" });
    const rows = new Rows();
    let isDone = false;
    const shards = async () => (await cluster.describe("n1")).collections[0]?.shards ?? [];
    const seen = async (): Promise<void> => {
      await eventually(
        "a split",
        async () => (await shards()).some(({ split }) => split) || undefined,
      );
      process.kill(await cluster.pidOf("n2", "n1"), "SIGKILL");
      await eventually("two shards", async () => (await shards()).length > 1 || undefined);
    };
    const ended = seen().finally(() => (isDone = true));
    await Promise.all([rows.write(store, () => isDone), ended]);
    await rows.expectAll(store);
    await store.close();
    await cluster.kill("SIGKILL");
  });
});
