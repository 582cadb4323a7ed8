import { describe, expect, it } from "vitest";
import { Membership, memberKey } from "../../../src/cluster/index.js";
import type { Member } from "../../../src/cluster/index.js";
import { exitCodeOf } from "../../../src/processes/index.js";
import type { Parent } from "../../../src/processes/index.js";
import { parentWorld } from "./fake-launch.js";
import type { ParentWorld } from "./fake-launch.js";

/** Waits in virtual time. */
async function within<T>(world: ParentWorld, ms: number, work: Promise<T>): Promise<T> {
  await world.clock.advance(ms);
  return work;
}

/** A node registers, as its process does when it serves. */
async function serve(world: ParentWorld, parent: Parent, node: string): Promise<Member> {
  const member = {
    node,
    address: `unix:/sockets/${node}.sock`,
    client_address: "127.0.0.1:7000",
    pid: 1,
    incarnation: "one",
  };
  const { clock } = world;
  const membership = new Membership({ store: parent.store, clock, onMembers: () => undefined });
  await within(world, 10, membership.join(member));
  return member;
}

const states = (parent: Parent): string[] =>
  parent.nodes().map(({ node, state }) => `${node} ${state}`);

describe("the parent of node processes", () => {
  it("starts a process per node, each with its own directory, socket and port", async () => {
    const world = parentWorld();
    const parent = await world.start(3);
    const parentAddress = "unix:/sockets/parent.sock";
    expect(world.processes.map(({ args }) => args)).toEqual([
      ["n1", "/data/node-1", "unix:/sockets/n1.sock", "7000", parentAddress],
      ["n2", "/data/node-2", "unix:/sockets/n2.sock", "7001", parentAddress],
      ["n3", "/data/node-3", "unix:/sockets/n3.sock", "7002", parentAddress],
    ]);
    expect(states(parent)).toEqual(["n1 starting", "n2 starting", "n3 starting"]);
    for (const node of ["n1", "n2", "n3"]) await serve(world, parent, node);
    await parent.settled();
    expect(states(parent)).toEqual(["n1 serving", "n2 serving", "n3 serving"]);
    await within(world, 100, parent.close());
  });

  it("starts a process anew that ended, later and later, and says why it ended", async () => {
    const world = parentWorld();
    const parent = await world.start(2);
    world.process("n2").print("out of luck");
    for (const [count, waitMs] of [150, 300, 600, 1200].entries()) {
      world.process("n2").end({ signal: "SIGKILL" });
      await world.clock.advance(10);
      const of = (): number => world.processes.filter(({ node }) => node === "n2").length;
      expect(of()).toBe(count + 1);
      await world.clock.advance(waitMs);
      expect(of()).toBe(count + 2);
    }
    expect(world.lines).toEqual(["n2 stderr out of luck"]);
    const crash = world.events.find(({ type }) => type === "actor_crashed");
    expect(JSON.stringify(crash)).toContain("node process n2 ended: signal SIGKILL: out of luck");
    expect(world.processes.filter(({ node }) => node === "n1")).toHaveLength(1);
    await within(world, 100, parent.close());
  });

  it("never gives a node up that ends again and again", async () => {
    const world = parentWorld();
    const parent = await world.start(1);
    for (let round = 0; round < 200; round++) {
      world.process("n1").end({ code: 1 });
      await world.clock.advance(6500);
      expect(world.processes).toHaveLength(round + 2);
    }
    await within(world, 100, parent.close());
  });

  it("does not start a node again that cannot run, reports it, and keeps the others", async () => {
    const world = parentWorld();
    const parent = await world.start(2);
    const settled = parent.settled();
    await serve(world, parent, "n1");
    world.process("n2").print("dvesp: DATA_CORRUPTED: store.mdb");
    world.process("n2").end({ code: exitCodeOf("DATA_CORRUPTED") });
    await world.clock.advance(60_000);
    expect(await settled).toMatchObject([
      { node: "n1" },
      {
        node: "n2",
        state: "failed",
        failure: { why: "data", message: "dvesp: DATA_CORRUPTED: store.mdb" },
      },
    ]);
    expect(world.processes).toHaveLength(2);
    expect(world.events.map(({ type }) => type)).toContain("node_failed");
    await within(world, 100, parent.close());
    expect(world.process("n1").signals).toEqual(["SIGTERM"]);
  });

  it("stops all at the same time, and kills those that do not stop", async () => {
    const world = parentWorld();
    const parent = await world.start(3);
    world.process("n1").stubborn = true;
    world.process("n3").stubborn = true;
    const closing = parent.close();
    await world.clock.advance(9000);
    expect(world.processes.map(({ signals }) => signals)).toEqual([
      ["SIGTERM"],
      ["SIGTERM"],
      ["SIGTERM"],
    ]);
    await within(world, 2000, closing);
    expect(world.process("n3").signals).toEqual(["SIGTERM", "SIGKILL"]);
    expect(world.process("n2").signals).toEqual(["SIGTERM"]);
  });

  it("stops a node for good that is being taken out, once no map has it any more", async () => {
    const world = parentWorld();
    const parent = await world.start(2);
    const replica = { node: "n2", state: "active", identity: "x" };
    const shards = [{ id: 0, from: 0, to: 2 ** 32, epoch: 1, replicas: [replica] }];
    await within(world, 1, parent.store.put("collections/docs", { shards }));
    await within(world, 1, parent.store.put(memberKey("n2"), { node: "n2", draining: true }));
    await world.clock.advance(10_000);
    expect(states(parent)).toEqual(["n1 starting", "n2 starting"]);
    await within(world, 1, parent.store.delete("collections/docs"));
    await world.clock.advance(1900);
    expect(states(parent)).toHaveLength(2);
    await world.clock.advance(200);
    expect(states(parent)).toEqual(["n1 starting"]);
    expect(world.process("n2").signals).toEqual(["SIGTERM"]);
    expect(await within(world, 1, parent.store.get(memberKey("n2")))).toBeUndefined();
    await within(world, 100, parent.close());
  });

  it("finds its nodes again after it was killed, and never gives a number twice", async () => {
    const world = parentWorld();
    const first = await world.start(2);
    expect((await within(world, 10, first.addNode())).node).toBe("n3");
    await within(world, 10, first.removeNode("n3"));
    expect(world.process("n3").signals).toEqual(["SIGTERM"]);
    expect((await within(world, 10, first.addNode())).node).toBe("n4");
    await within(world, 100, first.close());
    world.processes.length = 0;
    const second = await world.start(2);
    expect(world.processes.map(({ args }) => args.slice(0, 2))).toEqual([
      ["n1", "/data/node-1"],
      ["n2", "/data/node-2"],
      ["n4", "/data/node-4"],
    ]);
    await expect(second.removeNode("n9")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await within(world, 100, second.close());
  });
});
