/** A node of three whose disk is really full: callers do not notice, operators do, and it catches up. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SmallDisk } from "../../bench/small-disk.js";
import { connect } from "../../dist/index.js";
import type { VectorStore } from "../../src/protocol/index.js";
import { ClusterProcess, eventually } from "../support/cluster-process.js";

const path = await mkdtemp(join(tmpdir(), "dvesp-full-node-"));
const data = join(path, "data");
const disk = mountDisk();
const collection = "docs";
const quorum = { collection, consistency_level: "QUORUM" } as const;
const vectors = [[1, 2, 3, 4]];

function mountDisk(): SmallDisk | undefined {
  try {
    return SmallDisk.mount(join(data, "node-3"));
  } catch (error) {
    console.log(`skipped: ${String(error)}`);
    return undefined;
  }
}

describe.skipIf(!disk)("a full disk on one of three nodes", { timeout: 120_000 }, () => {
  let cluster: ClusterProcess;
  /** For each node a client that knows no other, and one that knows all. */
  let each: VectorStore[];
  let any: VectorStore;
  const ids = Array.from({ length: 10 }, () => crypto.randomUUID());

  beforeAll(async () => {
    cluster = await ClusterProcess.start(data, 3, "--threads", "1");
    for (const node of ["n2", "n3"]) await cluster.until(node, "alive", "n1");
    each = cluster.nodes.map((address) => connect({ nodes: [address] }));
    any = connect({ nodes: cluster.nodes });
    await any.create_collection({ collection, dimension: 4, replication_factor: 3 });
    await any.insert({ ...quorum, ids, vectors: ids.map(() => vectors[0]!) });
    await disk!.fill();
  });

  afterAll(async () => {
    for (const store of [...each, any]) await store.close();
    await cluster.kill("SIGKILL");
    disk!.unmount();
    await rm(path, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 });
  });

  async function isFull(node: string): Promise<boolean | undefined> {
    const { nodes } = await cluster.describe("n1");
    return nodes.find(({ id }) => id === node)?.disk?.full;
  }

  it("is told of in /v1/cluster, /metrics and the log", async () => {
    await eventually("n3 is full", async () => (await isFull("n3")) || undefined);
    expect(await isFull("n1")).toBe(false);
    const metrics = await fetch(`http://${cluster.address("n3")}/metrics`);
    expect(await metrics.text()).toContain("dvesp_disk_full 1");
    expect(cluster.lines).toContainEqual(
      expect.objectContaining({ msg: "disk_full", node: "n3", level: 50 }),
    );
  });

  it("keeps nobody from reading, and from writing at QUORUM, through any node", async () => {
    for (const store of each) {
      const insert = await store.insert({ ...quorum, vectors });
      const idempotency_key = crypto.randomUUID();
      const keyed = await store.insert({ ...quorum, vectors, idempotency_key });
      const update = await store.update({ ...quorum, ids: ids.slice(0, 1), metadata: [{ n: 1 }] });
      const removal = await store.delete({ ...quorum, ids: [crypto.randomUUID()] });
      for (const end of [insert, keyed, update, removal]) {
        expect(end).toMatchObject({ status: "success" });
        expect([...end.storage_nodes].sort()).toEqual(["n1", "n2"]);
      }
      const read = await store.get({ ...quorum, ids: insert.vector_ids });
      expect(read.vectors).toHaveLength(1);
    }
  });

  it("leaves a write at ALL partial, without waiting for its deadline", async () => {
    const begun = performance.now();
    for (const store of each) {
      const end = await store.insert({ ...quorum, vectors, consistency_level: "ALL" });
      expect(end).toMatchObject({ status: "partial" });
    }
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it("lets collections be made, which the full node gets later", async () => {
    const settings = { collection: "later", dimension: 4, replication_factor: 3 };
    await any.create_collection(settings);
    for (let turn = 0; turn < 6; turn++) {
      const end = await any.insert({ ...quorum, collection: "later", vectors });
      expect(end).toMatchObject({ status: "success" });
    }
    await expect(each[2]!.count({ collection: "later" })).rejects.toMatchObject({
      code: "NOT_ENOUGH_REPLICAS",
    });
  });

  it("does not keep the node from starting anew", async () => {
    process.kill(await cluster.pidOf("n3", "n1"), "SIGKILL");
    await cluster.until("n3", "dead", "n1");
    await cluster.until("n3", "alive", "n1");
    const store = connect({ nodes: [cluster.address("n3")] });
    await store.insert({ ...quorum, vectors });
    expect(await store.count(quorum)).toEqual({ count: 20 });
    await store.close();
  });

  it("once it has room again, is caught up with by itself", async () => {
    disk!.free();
    await eventually("all hold the same", async () => {
      const { collections } = await cluster.describe("n1");
      const all = collections.flatMap(({ shards }) => shards.map(({ replicas }) => replicas));
      const alike = all.filter(
        (replicas) =>
          new Set(replicas.map((one) => one.merkle_root)).size === 1 &&
          replicas.every(({ state }) => state === "active"),
      );
      return alike.length === 2 || undefined;
    });
    await eventually("n3 is not full", async () => (await isFull("n3")) === false || undefined);
    const store = connect({ nodes: [cluster.address("n3")] });
    expect(await store.count({ collection: "later", consistency_level: "ONE" })).toEqual({
      count: 6,
    });
    await store.close();
  });
});
