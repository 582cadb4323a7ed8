import { describe, expect, it } from "vitest";
import { DvespError, MemoryDisk, VirtualClock, drainMicrotasks } from "../../../src/base/index.js";
import { completeSettings } from "../../../src/actors/index.js";
import type { CollectionTree, PreparedWrite } from "../../../src/actors/index.js";
import type { ClusterView, CollectionMap } from "../../../src/cluster/index.js";
import type { NormalCreate } from "../../../src/protocol/index.js";
import type { Supervisor } from "../../../src/supervisors/index.js";
import { Catalog } from "../../../src/node/catalog.js";
import { CollectionRegistry } from "../../../src/node/collection-registry.js";

/** A node of three, which has no room for any collection until told so; its map is given. */
class FullNode {
  readonly clock = new VirtualClock();
  readonly events: string[] = [];
  readonly maps = new Map<string, CollectionMap>();
  hasRoom = false;
  tries = 0;
  readonly registry: CollectionRegistry;
  changed: () => void = () => undefined;

  constructor() {
    const view = {
      self: "n1",
      collections: () => [...this.maps.values()],
      collection: (name: string) => this.maps.get(name),
      replicationFactorDefault: 3,
      create: (settings: CollectionMap["settings"]) => Promise.resolve(this.map(settings)),
      drop: (name: string) => Promise.resolve(void this.maps.delete(name)),
      onChange: (listener: () => void) => (this.changed = listener),
    };
    const supervisor = {
      startChild: () => {
        this.tries++;
        if (this.hasRoom) return Promise.resolve();
        return Promise.reject(new DvespError("STORAGE_FULL", "no room"));
      },
    };
    this.registry = new CollectionRegistry({
      view: view as unknown as ClusterView,
      catalog: new Catalog(new MemoryDisk(), "/data"),
      supervisor: supervisor as unknown as Supervisor,
      makeTree: ({ settings }) =>
        ({
          collection: { settings },
          shards: { ids: () => [] },
          supervisor: { asChild: () => ({}) },
        }) as unknown as CollectionTree,
      claim: () => Promise.resolve(),
      settled: () => Promise.resolve(),
      ...{ clock: this.clock, shards: 1 },
      emit: (type) => this.events.push(type),
    });
  }

  map(settings: CollectionMap["settings"]): CollectionMap {
    const made = this.maps.get(settings.collection) ?? { settings, uid: "u", shards: [] };
    this.maps.set(settings.collection, made);
    return made;
  }
}

const request: NormalCreate = {
  ...{ collection: "a", dimension: 4, index: { type: "flat" }, distance_metric: "l2" },
  ...{ shards: 1, replication_factor: 3 },
};
const insertion = { write: { kind: "insert" }, dimension: 4 } as unknown as PreparedWrite;
const elsewhere = { code: "NOT_ENOUGH_REPLICAS" };

describe("a collection with replicas elsewhere, for which there is no room", () => {
  it("is made all the same; this node refuses what others can do, and tries again", async () => {
    const node = new FullNode();
    await node.registry.openAll();
    await expect(node.registry.create(request)).rejects.toMatchObject(elsewhere);
    expect(node.maps.has("a")).toBe(true);
    expect(node.registry.isSettled("a", "u")).toBe(true);
    await expect(node.registry.forRead("a")).rejects.toMatchObject(elsewhere);
    await expect(node.registry.forWrite("a", insertion)).rejects.toMatchObject(elsewhere);
    expect(() => node.registry.tree("b")).toThrow(
      expect.objectContaining({ code: "COLLECTION_NOT_FOUND" }) as Error,
    );
    node.hasRoom = true;
    await node.clock.advance(2000);
    expect((await node.registry.forRead("a")).settings).toMatchObject({ collection: "a" });
  });

  it("is tried once a second, however often the map is looked at", async () => {
    const node = new FullNode();
    node.map(completeSettings(request, { shards: 1, replicas: 3 }));
    await node.registry.openAll();
    for (let looks = 0; looks < 100; looks++) {
      node.changed();
      await drainMicrotasks();
    }
    expect(node.tries).toBe(1);
    await node.clock.advance(5500);
    expect(node.tries).toBe(6);
    expect(node.events).toEqual(Array.from({ length: 6 }, () => "collection_failed"));
  });

  it("is forgotten when it is dropped", async () => {
    const node = new FullNode();
    await node.registry.openAll();
    await expect(node.registry.create(request)).rejects.toMatchObject(elsewhere);
    node.maps.delete("a");
    node.hasRoom = true;
    await expect(node.registry.forRead("a")).rejects.toMatchObject({
      code: "COLLECTION_NOT_FOUND",
    });
    expect((await node.registry.forWrite("a", insertion)).settings.collection).toBe("a");
  });
});
