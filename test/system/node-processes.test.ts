/** Several nodes on one host, and what becomes of them when some of their processes die or stop. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../dist/index.js";
import { ClusterProcess, eventually, isRunning } from "../support/cluster-process.js";
import { NodeProcess, runCommand, startCommand } from "../support/node-process.js";

const settings = { collection: "docs", dimension: 2, index: { type: "flat" as const } };

/** Through the node that has the only replica. */
async function insertWhereItIs(cluster: ClusterProcess): Promise<void> {
  const { collections } = await cluster.describe("n1");
  const store = connect({ nodes: [cluster.address(collections[0]!.shards[0]!.replicas[0]!.node)] });
  await store.insert({ collection: "docs", vectors: [[1, 2]], metadata: [{ a: 1 }] });
  await store.close();
}

describe("several nodes on one host", () => {
  let path: string;
  let cluster: ClusterProcess | undefined;
  const data = (): string => join(path, "data");
  const start = async (nodes: number, ...options: string[]): Promise<ClusterProcess> => {
    cluster = await ClusterProcess.start(data(), nodes, ...options);
    return cluster;
  };

  beforeEach(async () => void (path = await mkdtemp(join(tmpdir(), "dvesp-nodes-"))));
  afterEach(async () => {
    await cluster?.kill("SIGKILL");
    await rm(path, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 });
  });

  it("start together, know each other, and stop in good order", async () => {
    const { exited, ...found } = await start(3);
    const running = cluster!;
    expect([...found.addresses.keys()]).toEqual(["n1", "n2", "n3"]);
    for (const node of ["n1", "n2", "n3"]) {
      for (const other of ["n1", "n2", "n3"]) await running.until(other, "alive", node);
      const { nodes } = await running.describe(node);
      expect(nodes.map(({ id, address }) => [id, address])).toEqual(
        ["n1", "n2", "n3"].map((id) => [id, running.address(id)]),
      );
      expect(new Set(nodes.map(({ pid }) => pid)).size).toBe(3);
      const ready = await fetch(`http://${running.address(node)}/readyz`);
      expect(ready.status).toBe(200);
    }
    const { nodes } = await running.describe("n1");
    expect(await running.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(await exited).toEqual({ code: 0, signal: null });
    for (const { pid } of nodes) expect(isRunning(pid)).toBe(false);
    expect((await stat(join(data(), "cluster", "secret"))).mode & 0o777).toBe(0o600);
  });

  it("make a collection that each of them knows at once, and drop it everywhere", async () => {
    const running = await start(3);
    await running.until("n2", "alive", "n1");
    await running.until("n3", "alive", "n1");
    const stores = running.nodes.map((node) => connect({ nodes: [node] }));
    await stores[0]!.create_collection(settings);
    for (const store of stores) {
      const description = await store.describe_collection({ collection: "docs" });
      expect(description).toMatchObject({ shards: 1, replication_factor: 3 });
    }
    const { collections } = await running.describe("n2");
    const { replicas } = collections[0]!.shards[0]!;
    expect(replicas.map(({ state }) => state)).toEqual(["active", "active", "active"]);
    await stores[1]!.drop_collection({ collection: "docs" });
    for (const store of stores) expect(await store.list_collections()).toEqual([]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("make one collection of one name, however many insert into it first", async () => {
    const running = await start(3);
    await running.until("n2", "alive", "n1");
    await running.until("n3", "alive", "n1");
    const stores = running.nodes.map((node) => connect({ nodes: [node] }));
    const begun = performance.now();
    await Promise.all(stores.map((store) => store.create_collection(settings)));
    expect(performance.now() - begun).toBeLessThan(5000);
    const { collections } = await running.describe("n3");
    expect(collections).toHaveLength(1);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("come back when they are killed, while the others go on", async () => {
    const running = await start(3);
    await running.until("n2", "alive", "n1");
    const pid = await running.pidOf("n2", "n1");
    process.kill(pid, "SIGKILL");
    const deadMs = await running.until("n2", "dead", "n1");
    expect(deadMs).toBeLessThan(1000);
    await running.until("n2", "alive", "n1");
    await running.until("n2", "alive", "n3");
    expect(await running.pidOf("n2", "n3")).not.toBe(pid);
    expect((await fetch(`http://${running.address("n2")}/readyz`)).status).toBe(200);
  });

  it("are suspected within a second when they stand still, and trusted when they go on", async () => {
    const running = await start(3);
    await running.until("n3", "alive", "n1");
    const pid = await running.pidOf("n3", "n1");
    process.kill(pid, "SIGSTOP");
    try {
      expect(await running.until("n3", "suspect", "n1")).toBeLessThan(1000);
      const begun = performance.now();
      await running.describe("n1");
      expect(performance.now() - begun).toBeLessThan(500);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await running.until("n3", "alive", "n1");
    expect(await running.pidOf("n3", "n1")).toBe(pid);
  });

  it("end when their parent is killed, and the next start finds all", async () => {
    const first = await start(3);
    await first.until("n2", "alive", "n1");
    await first.until("n3", "alive", "n1");
    const store = connect({ nodes: first.nodes });
    await store.create_collection({ ...settings, replication_factor: 1, shards: 1 });
    await store.close();
    await insertWhereItIs(first);
    const { nodes } = await first.describe("n1");
    expect(await first.kill("SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });
    const second = await start(3);
    // Each had let go of its directory before another could open it; its process may take a moment more.
    for (const { pid } of nodes) {
      await eventually(`process ${pid} has ended`, () =>
        Promise.resolve(!isRunning(pid) || undefined),
      );
    }
    const again = connect({ nodes: second.nodes });
    const { count } = await eventually("the collection is served", () =>
      again.count({ collection: "docs" }),
    );
    expect(count).toBe(1);
    await again.close();
  });

  it.each(["its parent ends", "it is asked to stop"])(
    "end while they wait for their parent, when %s",
    async (why) => {
      const secret = join(path, "secret");
      await writeFile(secret, "0".repeat(64));
      const child = startCommand(
        ...["serve", "--node-id", "n1", "--listen", `unix:${join(path, "n1.sock")}`],
        ...["--parent", `unix:${join(path, "nobody.sock")}`, "--secret-file", secret],
        ...["--data", data(), "--port", "0"],
      );
      const exited = new Promise((resolve) => child.once("exit", resolve));
      await eventually("it has begun", () => stat(data()));
      if (why === "its parent ends") child.stdin.end();
      else child.kill("SIGTERM");
      expect(await exited).toBe(0);
    },
  );

  it("let nobody in who does not know their secret", async () => {
    await start(1);
    const secret = join(path, "secret");
    await writeFile(secret, "0".repeat(64));
    const parent = `unix:${join(data(), "cluster", "sockets", "parent.sock")}`;
    const listen = `unix:${join(path, "n9.sock")}`;
    const { code, stderr } = await runCommand(
      ...["serve", "--node-id", "n9", "--listen", listen, "--parent", parent],
      ...["--secret-file", secret, "--data", join(path, "other"), "--port", "0"],
    );
    expect(stderr).toContain("PERMISSION_DENIED");
    expect(code).toBe(78);
    const { nodes } = await cluster!.describe("n1");
    expect(nodes.map(({ id }) => id)).toEqual(["n1"]);
  });

  it("say which port is in use", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const args = ["--nodes", "2", "--port", String(port - 1), "--data", data()];
    const { code, stderr } = await runCommand("serve", ...args);
    server.close();
    expect(stderr).toMatch(new RegExp(`INVALID_ARGUMENT.*n2.*${port}`));
    expect(code).toBe(1);
  });

  it("refuse the data of a node that is alone, and the other way round", async () => {
    const node = await NodeProcess.start(data(), "--threads", "1");
    await node.kill("SIGTERM");
    const several = await runCommand("serve", "--nodes", "2", "--port", "0", "--data", data());
    expect(several.stderr).toMatch(/INVALID_ARGUMENT.*one node/);
    const other = join(path, "cluster");
    const running = await ClusterProcess.start(other, 1);
    await running.kill("SIGTERM");
    const one = await runCommand("serve", "--port", "0", "--data", other);
    expect(one.stderr).toMatch(/INVALID_ARGUMENT.*--nodes/);
    const inside = await runCommand("serve", "--port", "0", "--data", join(other, "node-1"));
    expect(inside.stderr).toMatch(/INVALID_ARGUMENT.*cluster/);
  });

  it("go on without one whose data is damaged", async () => {
    const first = await start(2);
    await first.kill("SIGTERM");
    await writeFile(join(data(), "node-2", "node.json"), "{");
    const second = await start(2);
    expect([...second.addresses.keys()]).toEqual(["n1"]);
    expect(second.lines.some(({ msg, node }) => msg === "node_failed" && node === "n2")).toBe(true);
    expect((await fetch(`http://${second.address("n1")}/readyz`)).status).toBe(200);
  });

  it("can be one more, and one less, while they run", async () => {
    const running = await start(2);
    const target = ["--nodes", running.nodes.join(",")];
    const added = await runCommand("nodes", "add", ...target, "--json");
    expect(JSON.parse(added.stdout)).toEqual({ node: "n3" });
    for (const asked of ["n1", "n2"]) await running.until("n3", "alive", asked);
    const listed = await runCommand("nodes", "list", ...target);
    expect(listed.stdout.split("\n").filter((line) => line.includes("alive"))).toHaveLength(3);
    const drained = await runCommand("nodes", "drain", "n3", ...target);
    expect(drained.stdout).toBe("n3 is being taken out\n");
    await eventually("n3 is gone", async () => {
      const { nodes } = await running.describe("n1");
      return nodes.length === 2 ? true : undefined;
    });
    expect((await runCommand("nodes", "drain", "n8", ...target)).stderr).toContain("no node n8");
  });

  it("are verified together, when none of them runs", async () => {
    const running = await start(2);
    await running.until("n2", "alive", "n1");
    const store = connect({ nodes: running.nodes });
    await store.create_collection({ ...settings, replication_factor: 1 });
    await store.close();
    await insertWhereItIs(running);
    expect((await runCommand("verify", "--data", data())).stderr).toContain("DIRECTORY_LOCKED");
    await running.kill("SIGTERM");
    const { code, stdout } = await runCommand("verify", "--data", data());
    expect(stdout).toMatch(/^node-\d docs\/0: 1 rows/m);
    expect(stdout).toContain("all sound");
    expect(code).toBe(0);
  });
});
