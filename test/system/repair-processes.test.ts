/** Repair between processes: a node that stood still, one that lost its disk, and one that is taken out. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../dist/index.js";
import { ClusterProcess, eventually } from "../support/cluster-process.js";

const dimension = 8;

describe("replicas on several nodes", { timeout: 180_000 }, () => {
  let path: string;
  let cluster: ClusterProcess;
  let next = 0;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-repair-"));
    cluster = await ClusterProcess.start(join(path, "data"), 3);
    for (const node of ["n2", "n3"]) await cluster.until(node, "alive", "n1");
  });

  afterEach(async () => {
    await cluster.kill("SIGKILL");
    await rm(path, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 });
  });

  /** Writes rows at a majority, through n1. */
  async function write(count: number): Promise<void> {
    const store = connect({ nodes: [cluster.address("n1")] });
    const numbers = Array.from({ length: count }, () => next++);
    const { status } = await store.insert({
      collection: "docs",
      vectors: numbers.map((n) => Array.from({ length: dimension }, (_, at) => n + at)),
      metadata: numbers.map((n) => ({ n })),
      consistency_level: "QUORUM",
      timeout_ms: 20_000,
    });
    expect(status).toBe("success");
    await store.close();
  }

  async function replicas() {
    const { collections } = await cluster.describe("n1");
    return collections[0]!.shards[0]!.replicas;
  }

  /** Resolves when these nodes, and no others, have the shard, and all hold the same. */
  function untilAlikeOn(...nodes: readonly string[]): Promise<true> {
    return eventually(`the same on ${nodes.join()}`, async () => {
      const found = await replicas();
      const held = found.map(({ node }) => node).sort();
      const isWhole = found.every(({ state }) => state === "active");
      const roots = new Set(found.map(({ merkle_root }) => merkle_root));
      return (held.join() === nodes.join() && isWhole && roots.size === 1) || undefined;
    });
  }

  /** The rows that the replica of a node has of its own. */
  async function rowsAt(node: string): Promise<number> {
    const store = connect({ nodes: [cluster.address(node)] });
    const { count } = await store.count({ collection: "docs", consistency_level: "ONE" });
    await store.close();
    return count;
  }

  it("are alike again after one stood still, and after one lost its disk", async () => {
    await write(200);
    const pid = await cluster.pidOf("n3", "n1");
    process.kill(pid, "SIGSTOP");
    await write(100);
    await write(100);
    process.kill(pid, "SIGCONT");
    await untilAlikeOn("n1", "n2", "n3");
    expect(await rowsAt("n3")).toBe(400);
    process.kill(pid, "SIGKILL");
    await rm(join(path, "data", "node-3", "collections"), { recursive: true, maxRetries: 9 });
    await eventually("n3 is missed", async () =>
      (await replicas()).some(({ state }) => state !== "active") ? true : undefined,
    );
    await write(100);
    await untilAlikeOn("n1", "n2", "n3");
    await cluster.until("n3", "alive", "n1");
    expect(await rowsAt("n3")).toBe(500);
  });

  it("move when a node is added and another one drained, while writes go on", async () => {
    await write(200);
    const post = (url: string): Promise<Response> =>
      fetch(`http://${cluster.address("n1")}/v1/cluster/nodes${url}`, { method: "POST" });
    expect((await post("")).ok).toBe(true);
    await cluster.until("n4", "alive", "n1");
    expect((await post("/n2/drain")).ok).toBe(true);
    for (let round = 0; round < 20; round++) await write(10);
    await untilAlikeOn("n1", "n3", "n4");
    expect(await rowsAt("n4")).toBe(400);
  });
});
