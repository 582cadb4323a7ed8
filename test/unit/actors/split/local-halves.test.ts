/** The halves of one node, filled from a real replica, by the splits that a map names. */
import { afterEach, describe, expect, it } from "vitest";
import { LocalHalves } from "../../../../src/actors/split/local-halves.js";
import type { LocalHalvesParts } from "../../../../src/actors/split/local-halves.js";
import { splitLimits } from "../../../../src/actors/split/limits.js";
import { Throttle } from "../../../../src/actors/repair/throttle.js";
import { VirtualClock } from "../../../../src/base/index.js";
import { hashEnd, withSplit, withoutSplit } from "../../../../src/cluster/index.js";
import type { CollectionMap, ShardPlaces } from "../../../../src/cluster/index.js";
import { ReplicaWorld, applied, insertOf } from "../../../support/replica-world.js";

const whole: ShardPlaces = {
  ...{ id: 0, from: 0, to: hashEnd, epoch: 1 },
  replicas: [{ node: "n1", state: "active", identity: "i" }],
};
const settings = { collection: "c", dimension: 4 };

class World {
  readonly clock = new VirtualClock();
  readonly open = new Map<number, object>();
  readonly worlds = new Map<number, ReplicaWorld>();
  readonly hidden = new Set<number>();
  map = { settings, uid: "u", shards: [whole] } as unknown as CollectionMap;
  readonly halves: LocalHalves;

  constructor() {
    const { clock } = this;
    const shards = {
      half: (id: number) => this.open.get(id),
      isHidden: (id: number) => this.hidden.has(id),
      close: (id: number) => Promise.resolve(void this.open.delete(id)),
    };
    this.halves = new LocalHalves({
      ...{ clock, limits: splitLimits, throttle: new Throttle(clock, 2 ** 40) },
      view: { self: "n1", collections: () => [this.map], collection: () => this.map },
      open: () => ({ shards }),
      emit: () => undefined,
      identityOf: (_: string, half: number) => Promise.resolve(`data ${half}`),
      openHalf: async ({ half }: { half: number }) => {
        this.hidden.add(half);
        if (!this.open.has(half)) await this.openShard(half);
      },
    } as unknown as LocalHalvesParts);
  }

  async openShard(id: number): Promise<void> {
    const world = await ReplicaWorld.open({ clock: this.clock });
    this.worlds.set(id, world);
    const ask = async (message: Parameters<ReplicaWorld["ask"]>[0]) => {
      return { outcome: "ok", value: await world.ask(message) };
    };
    const status = () => Promise.resolve({ rows: 0, indexed: [] });
    this.open.set(id, { id, replica: { ask }, status });
  }

  split(name: string): void {
    const [now] = this.map.shards as [ShardPlaces];
    this.map = { ...this.map, shards: [withSplit(now, this.map, name)!] };
  }

  async untilFilled(split: string): Promise<void> {
    await this.halves.follow();
    for (let step = 0; step < 100; step++) {
      if ((await this.halves.status(refTo(split)))?.is_filled) return;
      await this.clock.advance(20);
    }
    throw new Error("not filled");
  }
}

const refTo = (split: string) => ({ collection: "c", shard: 0, split });

describe("the halves on a node", () => {
  let world: World;
  afterEach(async () => {
    const stopped = world.halves.stop();
    await world.clock.advance(10_000);
    await stopped;
  });

  it("are those of the split that is asked for, not of one that was given up", async () => {
    world = new World();
    await world.openShard(0);
    world.split("first");
    await world.untilFilled("first");
    const [now] = world.map.shards as [ShardPlaces];
    // Given up and begun again before this node has looked.
    world.map = { ...world.map, shards: [withoutSplit(now)!], ids_given: 3 };
    world.split("second");
    expect(await world.halves.status(refTo("second"))).toBeUndefined();
    await expect(world.halves.finish(refTo("second"))).rejects.toMatchObject({
      code: "OVERLOADED",
    });
    await world.untilFilled("second");
    expect(await world.halves.finish(refTo("second"))).toEqual(["data 3", "data 4"]);
  });

  it("are given nothing more once they serve", async () => {
    world = new World();
    await world.openShard(0);
    world.split("first");
    await world.untilFilled("first");
    const source = world.worlds.get(0)!;
    await applied(source.replica.write(source.replicated(insertOf([1, 2, 3, 4]), 5)));
    world.hidden.clear();
    await expect(world.halves.finish(refTo("first"))).rejects.toMatchObject({ code: "CLOSED" });
    expect(world.worlds.get(1)!.contents()).toEqual({});
  });

  it("are filled anew when they were closed meanwhile", async () => {
    world = new World();
    await world.openShard(0);
    world.split("first");
    await world.untilFilled("first");
    world.open.delete(1);
    await world.untilFilled("first");
    expect(world.open.has(1)).toBe(true);
  });
});
