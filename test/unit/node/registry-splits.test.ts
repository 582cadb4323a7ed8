/** A node that brings its shards in line with a map while the next split begins. */
import { describe, expect, it } from "vitest";
import {
  MemoryDisk,
  VirtualClock,
  drainMicrotasks,
  seededRandom,
} from "../../../src/base/index.js";
import { completeSettings, shardDirectory } from "../../../src/actors/index.js";
import type { CollectionTree } from "../../../src/actors/index.js";
import { cutInTwo, withCut, withSplit } from "../../../src/cluster/index.js";
import type { Supervisor } from "../../../src/supervisors/index.js";
import { Catalog } from "../../../src/node/catalog.js";
import { CollectionRegistry } from "../../../src/node/collection-registry.js";
import { SoloView } from "../../../src/node/solo-view.js";
import { gate } from "../runtime/harness.js";

const fixed = { distance_metric: "l2", shards: undefined, replication_factor: undefined } as const;
const request = { collection: "a", dimension: 4, index: { type: "flat" }, ...fixed } as const;

class World {
  readonly disk = new MemoryDisk();
  readonly catalog = new Catalog(this.disk, "/data");
  readonly open = new Set<number>();
  readonly log: string[] = [];
  onClose: () => Promise<void> = () => Promise.resolve();
  view!: SoloView;

  async start(): Promise<void> {
    const random = seededRandom(1);
    const { catalog } = this;
    this.view = await SoloView.open({ ...{ self: "n1", hub: "main", pid: 1, catalog, random } });
    const supervisor = { startChild: () => Promise.resolve() };
    const registry = new CollectionRegistry({
      ...{ view: this.view, catalog, clock: new VirtualClock(), shards: 1 },
      supervisor: supervisor as unknown as Supervisor,
      makeTree: ({ settings }) => this.#tree(settings.collection),
      claim: () => Promise.resolve(),
      settled: () => Promise.resolve(),
      emit: () => undefined,
    });
    await registry.openAll();
    await registry.create(completeSettings(request));
  }

  /** As the node's splits open a half. */
  async openHalf(id: number): Promise<void> {
    await this.disk.makeDirectory(shardDirectory(this.catalog.directoryOf("a"), id));
    this.open.add(id);
  }

  #tree(collection: string): CollectionTree {
    const shards = {
      ids: () => [...this.open],
      open: async (id: number): Promise<void> => {
        await this.openHalf(id);
        this.log.push(`open ${id}`);
      },
      close: async (id: number): Promise<void> => {
        this.log.push(`close ${id}`);
        await this.onClose();
        this.open.delete(id);
      },
    };
    const supervisor = { asChild: () => ({}), address: { name: collection } };
    return { collection: {}, shards, supervisor } as unknown as CollectionTree;
  }
}

describe("a shard that was split", () => {
  it("is closed without the halves of the next one, which is split meanwhile", async () => {
    const world = new World();
    await world.start();
    const { view } = world;
    await view.changeShard("a", 0, (now, map) => withSplit(now, map, "s"));
    await world.openHalf(1);
    await world.openHalf(2);
    const cutting = await view.changeShard("a", 0, (now) => withCut(now, now.epoch));
    const closing = gate();
    world.onClose = () => closing.promise;
    const names = new Map([["n1", ["x", "y"]]] as const);
    await view.changeShard("a", 0, (now) => cutInTwo(now, cutting.shards[0]!.epoch, names));
    await drainMicrotasks();
    expect(world.log.at(-1)).toBe("close 0");
    await view.changeShard("a", 1, (now, map) => withSplit(now, map, "t"));
    await world.openHalf(3);
    await world.openHalf(4);
    closing.open();
    for (let turn = 0; turn < 50; turn++) await drainMicrotasks();
    expect(world.log).not.toContain("close 3");
    expect([...world.open].sort()).toEqual([1, 2, 3, 4]);
    expect(await world.catalog.shardsOf("a")).toEqual([1, 2, 3, 4]);
  });
});
