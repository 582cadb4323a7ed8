import { describe, expect, it } from "vitest";
import { MemoryDisk, VirtualClock, seededRandom } from "../../../src/base/index.js";
import {
  LocalClusterStore,
  RemoteClusterStore,
  clusterStoreActor,
  storeActorName,
  type StoreChange,
} from "../../../src/cluster/index.js";
import { clusterStoreSuite } from "../../conformance/cluster-store-suite.js";
import { makeHosts } from "../runtime/harness.js";

const path = "/data/cluster.json";

async function openLocal(disk = new MemoryDisk(), clock = new VirtualClock()) {
  await disk.makeDirectory("/data");
  const random = seededRandom(5);
  return { disk, clock, store: await LocalClusterStore.open({ disk, path, clock, random }) };
}

clusterStoreSuite({
  name: "local",
  open: async () => {
    const { store, clock } = await openLocal();
    return { store, advance: (ms) => clock.advance(ms), close: () => store.close() };
  },
});

async function openRemote() {
  const hosts = makeHosts({ workers: 1 });
  const { store: local, disk } = await openLocal(new MemoryDisk(), hosts.clock);
  await hosts.hub.spawnLocal({ name: storeActorName }, clusterStoreActor(local));
  const worker = hosts.workers[0]!;
  const store = new RemoteClusterStore(worker, { host: hosts.hub.host, name: storeActorName });
  return { hosts, local, disk, store };
}

clusterStoreSuite({
  name: "of another process",
  open: async () => {
    const { hosts, local, store } = await openRemote();
    return { store, advance: (ms) => hosts.clock.advance(ms), close: () => local.close() };
  },
});

describe("local cluster store", () => {
  it("finds its entries after a start, but nobody's lease", async () => {
    const { disk, store } = await openLocal();
    const kept = await store.put("collections/docs", { shards: 1 });
    const lease = await store.grantLease(60_000);
    const node = await store.put("nodes/n1", "here", { lease: lease.id });
    await store.close();
    const { store: again } = await openLocal(disk);
    expect(await again.list("")).toEqual([kept]);
    const next = await again.put("nodes/n1", "back");
    expect(next.revision).toBeGreaterThan(node.revision);
    await expect(again.keepAlive(lease.id)).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("has not changed what it could not write", async () => {
    const { disk, store } = await openLocal();
    const seen: StoreChange[] = [];
    store.watch("", (change) => seen.push(change));
    const { revision } = await store.put("a", 1);
    disk.medium.limitBytes(0);
    await expect(store.put("a", 2)).rejects.toMatchObject({ code: "STORAGE_FULL" });
    await expect(store.delete("a")).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await store.get("a")).toEqual({ key: "a", value: 1, revision });
    expect(seen.map(({ type }) => type)).toEqual(["state", "put"]);
    disk.medium.limitBytes(Infinity);
    expect((await store.put("a", 2)).revision).toBe(revision + 1);
  });

  it("refuses a file of another format", async () => {
    const { disk, store } = await openLocal();
    await store.put("a", 1);
    await store.close();
    const file = await disk.open(path, "write");
    await file.write(new TextEncoder().encode('{"format": 9}      '), 0);
    await file.close();
    await expect(openLocal(disk)).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
  });

  it("answers nothing once it is closed", async () => {
    const { store } = await openLocal();
    await store.close();
    await expect(store.get("a")).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("cluster store of another process", () => {
  it("refuses while it cannot be reached", async () => {
    const { hosts, store } = await openRemote();
    hosts.loseWorker(0);
    await expect(store.get("a")).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("shows a watcher the state again after the way there was lost", async () => {
    const hosts = makeHosts({ workers: 1 });
    const { store: local } = await openLocal(new MemoryDisk(), hosts.clock);
    const actor = clusterStoreActor(local);
    const address = { host: hosts.hub.host, name: storeActorName };
    await hosts.hub.spawnLocal({ name: storeActorName }, actor);
    const store = new RemoteClusterStore(hosts.workers[0]!, address);
    const seen: StoreChange[] = [];
    store.watch("", (change) => seen.push(change));
    await hosts.clock.advance(10);
    await hosts.hub.stop(address, 1000);
    await local.put("missed", 1);
    await hosts.hub.spawnLocal({ name: storeActorName }, actor);
    await hosts.clock.advance(500);
    await local.put("heard", 2);
    await hosts.clock.advance(10);
    const [first, again, ...rest] = seen;
    expect(first).toMatchObject({ type: "state", entries: [] });
    expect(again).toMatchObject({ type: "state", entries: [{ key: "missed" }] });
    expect(rest).toMatchObject([{ type: "put", entry: { key: "heard" } }]);
  });

  it("leaves no listener behind", async () => {
    const { hosts, store } = await openRemote();
    const ends = Array.from({ length: 5 }, () => store.watch("", () => undefined));
    await hosts.clock.advance(10);
    expect(hosts.workers[0]!.actors()).toHaveLength(5);
    for (const end of ends) end();
    await hosts.clock.advance(10);
    expect(hosts.workers[0]!.actors()).toHaveLength(0);
  });
});
