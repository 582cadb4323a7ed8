import { describe, expect, it } from "vitest";
import {
  DvespError,
  MemoryDisk,
  VirtualClock,
  drainMicrotasks,
  packBytes,
  seededRandom,
} from "../../../src/base/index.js";
import { completeSettings } from "../../../src/actors/index.js";
import type { Collection, CollectionTree, PreparedWrite } from "../../../src/actors/index.js";
import type { CollectionMap } from "../../../src/cluster/index.js";
import type { CollectionSettings } from "../../../src/protocol/index.js";
import type { Supervisor } from "../../../src/supervisors/index.js";
import { Catalog } from "../../../src/node/catalog.js";
import { CollectionRegistry } from "../../../src/node/collection-registry.js";
import { SoloView } from "../../../src/node/solo-view.js";
import { gate } from "../runtime/harness.js";

function settingsOf(collection: string, dimension = 8): CollectionSettings {
  const fixed = {
    distance_metric: "l2",
    shards: undefined,
    replication_factor: undefined,
  } as const;
  return completeSettings({ collection, dimension, index: { type: "flat" }, ...fixed });
}

/** A registry over trees that only say what is done to them. */
class World {
  readonly disk: MemoryDisk;
  readonly catalog: Catalog;
  readonly log: string[] = [];
  readonly running = new Set<string>();
  runningMax = 0;
  readonly view: SoloView;
  readonly registry: CollectionRegistry;
  /** What a tree's start and stop wait for. */
  onStart: (name: string) => Promise<void> = () => Promise.resolve();
  onStop: (name: string) => Promise<void> = () => Promise.resolve();
  #starting = 0;

  private constructor(disk: MemoryDisk, catalog: Catalog, view: SoloView) {
    this.disk = disk;
    this.catalog = catalog;
    this.view = view;
    this.registry = new CollectionRegistry({
      view,
      catalog,
      supervisor: this.#supervisor(),
      makeTree: (map, directory) => this.#tree(map, directory),
      claim: () => Promise.resolve(),
      settled: () => Promise.resolve(),
      ...{ clock: new VirtualClock(), shards: 1 },
      emit: (type, { collection }) => this.log.push(`${type} ${String(collection)}`),
    });
  }

  /** A registry that has not opened anything yet. */
  static async on(disk: MemoryDisk): Promise<World> {
    const catalog = new Catalog(disk, "/data");
    const random = seededRandom(1);
    const view = await SoloView.open({ self: "n1", hub: "main", pid: 1, catalog, random });
    return new World(disk, catalog, view);
  }

  static async open(...names: string[]): Promise<World> {
    const world = await World.on(new MemoryDisk());
    await world.registry.openAll();
    for (const name of names) await world.registry.create(settingsOf(name));
    world.log.length = 0;
    return world;
  }

  async names(): Promise<string[]> {
    return (await this.catalog.list()).map(({ settings }) => settings.collection);
  }

  #supervisor(): Supervisor {
    const parts = {
      startChild: async ({ name }: { name: string }) => {
        this.log.push(`start ${name}`);
        this.runningMax = Math.max(this.runningMax, ++this.#starting);
        try {
          await this.onStart(name);
          this.running.add(name);
        } finally {
          this.#starting--;
        }
      },
      stopChild: async (name: string) => {
        this.log.push(`stop ${name}`);
        await this.onStop(name);
        this.running.delete(name);
      },
    };
    return parts as unknown as Supervisor;
  }

  directories(): Promise<string[]> {
    return this.disk.list("/data/collections");
  }

  whyGone(name: string, uid = this.view.collection(name)?.uid ?? ""): DvespError | undefined {
    return this.registry.whyGone(name, uid);
  }

  #tree({ settings }: CollectionMap, directory: string): CollectionTree {
    const name = settings.collection;
    expect(directory).toBe(`/data/collections/${name}`);
    const collection = { settings };
    const shards = {
      ids: () => [],
      open: (id: number): Promise<void> => {
        this.log.push(`open ${name}/${id}`);
        return Promise.resolve();
      },
    };
    const supervisor = { address: { host: "main", name }, asChild: () => ({ name }) };
    return { collection, supervisor, shards } as unknown as CollectionTree;
  }
}

const insertion = (dimension = 4): PreparedWrite => ({
  write: {
    kind: "insert",
    ids: new Uint8Array(16),
    vectors: new Float32Array(dimension),
    metadata: packBytes([]),
  },
  has_made_ids: false,
  dimension,
  consistency_level: "ONE",
  timeout_ms: 1000,
  idempotency_key: undefined,
});
const deleteAll = { kind: "delete", filter: {} } as const;
const deletion: PreparedWrite = { ...insertion(), dimension: undefined, write: deleteAll };
const notFound = { code: "COLLECTION_NOT_FOUND", field: "collection" };
const listed = ({ registry }: World): string[] =>
  registry.list().map(({ settings }: Collection) => settings.collection);

describe("creating", () => {
  it("writes the catalog, starts the tree, and then hands out the name", async () => {
    const world = await World.open();
    const started = gate();
    world.onStart = () => started.promise;
    const creating = world.registry.create(settingsOf("a"));
    await drainMicrotasks();
    expect(await world.names()).toEqual(["a"]);
    expect(listed(world)).toEqual([]);
    expect(world.whyGone("a")).toBeUndefined();
    started.open();
    const collection = await creating;
    expect(collection.settings).toEqual(settingsOf("a"));
    expect(world.registry.tree("a").collection).toBe(collection);
    expect(world.log).toEqual(["start a", "open a/0", "collection_created a"]);
  });

  it("twice, also at the same time, makes one", async () => {
    const world = await World.open();
    const twice = [settingsOf("a"), settingsOf("a")].map((one) => world.registry.create(one));
    const [first, second] = await Promise.all(twice);
    expect(second).toBe(first);
    expect(await world.registry.create(settingsOf("a"))).toBe(first);
    expect(world.log).toEqual(["start a", "open a/0", "collection_created a"]);
  });

  it("with other settings is refused", async () => {
    const world = await World.open();
    const ends = await Promise.allSettled([
      world.registry.create(settingsOf("a", 8)),
      world.registry.create(settingsOf("a", 9)),
    ]);
    expect(ends[0]).toMatchObject({ status: "fulfilled" });
    expect(ends[1]).toMatchObject({ reason: { code: "ALREADY_EXISTS" } });
    expect(await world.catalog.list()).toMatchObject([{ settings: settingsOf("a", 8) }]);
    expect(world.running).toEqual(new Set(["a"]));
  });

  it("that fails leaves nothing, and may be tried again", async () => {
    const world = await World.open("b");
    world.onStart = () => Promise.reject(new DvespError("STORAGE_FULL", "no room"));
    const waiting = world.registry.create(settingsOf("a"));
    const reading = world.registry.forRead("a");
    await expect(waiting).rejects.toMatchObject({ code: "STORAGE_FULL" });
    await expect(reading).rejects.toMatchObject(notFound);
    expect(await world.names()).toEqual(["b"]);
    expect(await world.disk.list("/data/collections")).toEqual(["b"]);
    expect(listed(world)).toEqual(["b"]);
    expect(world.whyGone("a")).toMatchObject(notFound);
    expect(world.log).toEqual(["start a"]);
    world.onStart = () => Promise.resolve();
    await world.registry.create(settingsOf("a", 3));
    expect(listed(world)).toEqual(["b", "a"]);
  });

  it("for which the disk has no room starts nothing", async () => {
    const world = await World.open();
    world.disk.medium.limitBytes(3);
    await expect(world.registry.create(settingsOf("a"))).rejects.toMatchObject({
      code: "STORAGE_FULL",
    });
    expect(world.log).toEqual([]);
    expect(await world.names()).toEqual([]);
  });

  it("does not wait for another name", async () => {
    const world = await World.open();
    const never = gate();
    world.onStart = (name) => (name === "slow" ? never.promise : Promise.resolve());
    const slow = world.registry.create(settingsOf("slow"));
    await world.registry.create(settingsOf("quick"));
    expect(listed(world)).toEqual(["quick"]);
    never.open();
    await slow;
  });
});

describe("dropping", () => {
  it("takes it from the map, stops the tree, and then removes its files", async () => {
    const world = await World.open("a");
    const { uid } = world.view.collection("a")!;
    world.onStop = async () => {
      expect(await world.names()).toEqual([]);
      expect(await world.directories()).toEqual(["a"]);
      expect(() => world.registry.tree("a")).toThrow(expect.objectContaining(notFound) as Error);
      expect(world.whyGone("a", uid)).toMatchObject(notFound);
    };
    await world.registry.drop("a");
    expect(await world.directories()).toEqual([]);
    expect(world.log).toEqual(["stop a", "collection_dropped a"]);
    expect(await world.names()).toEqual([]);
    expect(world.running.size).toBe(0);
  });

  it("what is not there is refused", async () => {
    const world = await World.open("a");
    await expect(world.registry.drop("b")).rejects.toMatchObject(notFound);
    const ends = await Promise.allSettled([world.registry.drop("a"), world.registry.drop("a")]);
    expect(ends[0].status).toBe("fulfilled");
    expect(ends[1]).toMatchObject({ reason: notFound });
  });

  it("while it is being made waits until it is", async () => {
    const world = await World.open();
    const started = gate();
    world.onStart = () => started.promise;
    const creating = world.registry.create(settingsOf("a"));
    const dropping = world.registry.drop("a");
    await drainMicrotasks();
    expect(world.log).toEqual(["start a"]);
    started.open();
    await Promise.all([creating, dropping]);
    expect(world.log).toEqual([
      "start a",
      "open a/0",
      "collection_created a",
      "stop a",
      "collection_dropped a",
    ]);
    expect(await world.names()).toEqual([]);
  });

  it("and making again follow each other", async () => {
    const world = await World.open("a");
    const stopped = gate();
    world.onStop = () => stopped.promise;
    const dropping = world.registry.drop("a");
    const creating = world.registry.create(settingsOf("a", 3));
    await drainMicrotasks();
    const inserting = world.registry.forWrite("a", insertion(3));
    await drainMicrotasks();
    expect(world.log).toEqual(["stop a"]);
    stopped.open();
    await Promise.all([dropping, creating]);
    expect(await inserting).toBe(await creating);
    expect(await world.catalog.list()).toMatchObject([{ settings: settingsOf("a", 3) }]);
    expect(world.running).toEqual(new Set(["a"]));
  });
});

describe("reading and writing", () => {
  it("waits for a collection that is being made", async () => {
    const world = await World.open();
    const started = gate();
    world.onStart = () => started.promise;
    const creating = world.registry.create(settingsOf("a"));
    const waiting = [world.registry.forRead("a"), world.registry.forWrite("a", deletion)];
    started.open();
    const collection = await creating;
    expect(await Promise.all(waiting)).toEqual([collection, collection]);
  });

  it("does not make a collection, unless it inserts", async () => {
    const world = await World.open();
    await expect(world.registry.forRead("a")).rejects.toMatchObject(notFound);
    await expect(world.registry.forWrite("a", deletion)).rejects.toMatchObject(notFound);
    expect(world.log).toEqual([]);
    const inserts = [insertion(4), insertion(4)].map((one) => world.registry.forWrite("a", one));
    const [first, second] = await Promise.all(inserts);
    expect(second).toBe(first);
    expect(first?.settings).toMatchObject({ dimension: 4, distance_metric: "cosine" });
    expect(world.log).toEqual(["start a", "open a/0", "collection_created a"]);
  });
});

describe("opening a node", () => {
  it("opens every collection of the catalog, a few at a time", async () => {
    const names = Array.from({ length: 10 }, (_, index) => `c${index}`);
    const { disk } = await World.open(...names);
    const world = await World.on(disk);
    world.onStart = () => drainMicrotasks();
    await world.registry.openAll();
    expect(listed(world).sort()).toEqual(names);
    expect(world.runningMax).toBe(4);
    expect(world.log).not.toContain("collection_created c0");
  });

  it("fails with why one collection could not be opened, and drops nothing", async () => {
    const { disk } = await World.open("a", "b");
    const world = await World.on(disk);
    world.onStart = (name) =>
      name === "b" ? Promise.reject(new DvespError("DATA_CORRUPTED", "b")) : Promise.resolve();
    await expect(world.registry.openAll()).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    expect(await world.names()).toEqual(["a", "b"]);
  });
});
