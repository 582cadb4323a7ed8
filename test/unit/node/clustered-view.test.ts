import { describe, expect, it } from "vitest";
import { MemoryDisk, VirtualClock, seededRandom } from "../../../src/base/index.js";
import { LocalClusterStore, memberKey } from "../../../src/cluster/index.js";
import type { ClusterStore, Member } from "../../../src/cluster/index.js";
import { ClusteredView } from "../../../src/node/clustered-view.js";
import type { CollectionSettings } from "../../../src/protocol/index.js";

const settings: CollectionSettings = {
  collection: "docs",
  dimension: 3,
  distance_metric: "cosine",
  index: { type: "flat" },
  shards: 2,
  replication_factor: 2,
};

async function world(nodes = ["n1", "n2", "n3"]) {
  const clock = new VirtualClock();
  const disk = new MemoryDisk();
  await disk.makeDirectory("/d");
  const random = seededRandom(1);
  const store = await LocalClusterStore.open({ disk, path: "/d/store.json", clock, random });
  for (const node of nodes) {
    await store.put(memberKey(node), { node, address: `${node}:1`, client_address: `${node}:0` });
  }
  const views: { view: ClusteredView; log: string[]; silent: Map<string, number> }[] = [];
  for (const self of nodes) views.push(await open(self, store, clock));
  return { clock, store, views };
}

async function open(self: string, store: ClusterStore, clock: VirtualClock) {
  const log: string[] = [];
  const silent = new Map<string, number>();
  const view: ClusteredView = new ClusteredView({
    self,
    store,
    clock,
    random: seededRandom(self.charCodeAt(1)),
    links: { silentMs: (node) => silent.get(node) },
    onNodes: () => undefined,
    onState: (node, state) => log.push(`${node} ${state}`),
  });
  await view.start();
  return { view, log, silent };
}

describe("the view of a node of several", () => {
  it("places shards on nodes so that all see the same map", async () => {
    const { clock, views } = await world();
    const made = await views[0]!.view.create(settings);
    expect(made.shards.map(({ from, to }) => [from, to])).toEqual([
      [0, 2 ** 31],
      [2 ** 31, 2 ** 32],
    ]);
    for (const { replicas, epoch } of made.shards) {
      expect(epoch).toBe(1);
      expect(new Set(replicas.map(({ node }) => node)).size).toBe(2);
      for (const place of replicas) expect(place).toMatchObject({ state: "active", identity: "" });
    }
    await clock.advance(1);
    for (const { view } of views) expect(view.collection("docs")).toEqual(made);
    expect(await views[1]!.view.create(settings)).toEqual(made);
    expect(views[2]!.view.replicationFactorDefault).toBe(3);
  });

  it("lets one of two creators at the same time win, and refuses other settings", async () => {
    const { views } = await world();
    const [one, other] = [views[0]!.view, views[1]!.view];
    const [first, second] = await Promise.all([one.create(settings), other.create(settings)]);
    expect(second.uid).toBe(first.uid);
    const wrong = views[2]!.view.create({ ...settings, dimension: 4 });
    await expect(wrong).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  });

  it("refuses more replicas than nodes, and places none on a node that is taken out", async () => {
    const { store, clock, views } = await world();
    const { view } = views[0]!;
    const many = view.create({ ...settings, replication_factor: 4 });
    await expect(many).rejects.toMatchObject({ code: "NOT_ENOUGH_REPLICAS" });
    await store.put(memberKey("n2"), {
      node: "n2",
      address: "",
      client_address: "",
      draining: true,
    });
    await clock.advance(1);
    expect(view.replicationFactorDefault).toBe(2);
    const { shards } = await view.create({ ...settings, shards: 8 });
    const nodes = new Set(shards.flatMap(({ replicas }) => replicas.map(({ node }) => node)));
    expect(nodes).toEqual(new Set(["n1", "n3"]));
  });

  it("changes shards by comparing: no change of two at the same time is lost", async () => {
    const { clock, views } = await world();
    await views[0]!.view.create(settings);
    await clock.advance(1);
    const bump = (at: number): Promise<unknown> =>
      views[at]!.view.changeShard("docs", 1, (now) => ({ ...now, epoch: now.epoch + 1 }));
    await Promise.all([bump(0), bump(1), bump(2), bump(0)]);
    await clock.advance(1);
    for (const { view } of views) expect(view.collection("docs")!.shards[1]!.epoch).toBe(5);
    const same = await views[0]!.view.changeShard("docs", 1, () => undefined);
    expect(same.shards[1]!.epoch).toBe(5);
    const gone = views[0]!.view.changeShard("none", 0, (now) => now);
    await expect(gone).rejects.toMatchObject({ code: "COLLECTION_NOT_FOUND" });
  });

  it("keeps the objects of replicas that did not change", async () => {
    const { clock, views } = await world();
    await views[0]!.view.create(settings);
    await clock.advance(1);
    const { view } = views[2]!;
    const before = view.collection("docs")!.shards;
    await views[1]!.view.changeShard("docs", 0, (now) => ({
      ...now,
      epoch: 2,
      replicas: now.replicas.map((place, at) => (at === 0 ? { ...place, identity: "x" } : place)),
    }));
    await clock.advance(1);
    const after = view.collection("docs")!.shards;
    expect(after[0]!.replicas[0]).not.toBe(before[0]!.replicas[0]);
    expect(after[0]!.replicas[1]).toBe(before[0]!.replicas[1]);
    expect(after[1]!.replicas[0]).toBe(before[1]!.replicas[0]);
  });

  it("tells listeners when a collection is dropped, and finds it no more", async () => {
    const { clock, views } = await world();
    await views[0]!.view.create(settings);
    let changes = 0;
    const end = views[1]!.view.onChange(() => changes++);
    await clock.advance(1);
    changes = 0;
    await views[0]!.view.drop("docs");
    await clock.advance(1);
    expect(changes).toBe(1);
    end();
    for (const { view } of views) expect(view.collections()).toEqual([]);
    await expect(views[2]!.view.drop("docs")).rejects.toMatchObject({
      code: "COLLECTION_NOT_FOUND",
    });
    expect((await views[2]!.view.create(settings)).shards).toHaveLength(2);
  });

  it("knows who is alive, suspected after 500 ms of silence, and dead without a link", async () => {
    const { clock, views } = await world();
    const { view, silent, log } = views[0]!;
    expect(view.isAlive("n1")).toBe(true);
    expect(view.nodes().map(({ id, state }) => `${id} ${state}`)).toEqual([
      "n1 alive",
      "n2 dead",
      "n3 dead",
    ]);
    log.length = 0;
    silent.set("n2", 50).set("n3", 700);
    view.linksChanged();
    expect(log).toEqual(["n2 alive", "n3 suspect"]);
    silent.set("n2", 501);
    await clock.advance(100);
    expect(log.at(-1)).toBe("n2 suspect");
    expect(view.isAlive("n2")).toBe(false);
    silent.delete("n2");
    silent.set("n3", 0);
    await clock.advance(100);
    expect(log.slice(3)).toEqual(["n2 dead", "n3 alive"]);
  });

  it("shows nodes as they registered, also when they are away", async () => {
    const { views } = await world();
    const { view } = views[0]!;
    const n2: Member = {
      node: "n2",
      address: "n2:1",
      client_address: "127.0.0.1:7001",
      pid: 12,
      incarnation: "x",
    };
    view.membersChanged([n2]);
    view.membersChanged([]);
    expect(view.nodes()).toEqual([
      { id: "n1", address: "n1:0", pid: 0, state: "alive" },
      { id: "n2", address: "127.0.0.1:7001", pid: 12, state: "dead" },
      { id: "n3", address: "n3:0", pid: 0, state: "dead" },
    ]);
  });
});
