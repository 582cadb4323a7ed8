/** The cut of a shard, against a map that is only kept and replicas that only answer. */
import { describe, expect, it } from "vitest";
import { DvespError, VirtualClock } from "../../../../src/base/index.js";
import { cut } from "../../../../src/actors/split/cut.js";
import type { CutParts } from "../../../../src/actors/split/cut.js";
import { ReplicaQuestions } from "../../../../src/actors/repair/replica-questions.js";
import type { ReplicaAccess } from "../../../../src/actors/replicas/access.js";
import { hashEnd, withShardChanged } from "../../../../src/cluster/index.js";
import type { CollectionMap, ShardChange, ShardPlaces } from "../../../../src/cluster/index.js";

const nodes = ["n1", "n2"];
const shard: ShardPlaces = {
  ...{ id: 0, from: 0, to: hashEnd, epoch: 5 },
  replicas: nodes.map((node) => ({ node, state: "active", identity: node })),
  split: { name: "s", at: 2 ** 31, into: [1, 2], phase: "filling" },
};

class World {
  readonly clock = new VirtualClock();
  map = { settings: {}, uid: "u", shards: [shard], ids_given: 3 } as unknown as CollectionMap;
  readonly roots = new Map(nodes.map((node) => [node, "same"]));
  changes = 0;
  /** Called when a change was made, before it is answered. */
  onChange: (count: number) => void = () => undefined;
  sync: CutParts["sync"] = () => Promise.resolve();
  finish: CutParts["finish"] = (node) => Promise.resolve([`${node}a`, `${node}b`]);

  change = async (change: ShardChange): Promise<CollectionMap> => {
    await Promise.resolve();
    const then = withShardChanged(this.map, 0, change);
    if (!then) return this.map;
    this.map = then;
    this.onChange(++this.changes);
    return then;
  };

  async cut(epoch = 5): Promise<number | undefined> {
    const end = cut(
      {
        ...{ clock: this.clock, graceMs: 10, cutMs: 1000, changeShard: this.change },
        replicas: nodes.map((node) => this.#replica(node)),
        sync: (...pair) => this.sync(...pair),
        finish: (node) => this.finish(node),
      },
      0,
      epoch,
    );
    end.catch(() => undefined);
    for (let step = 0; step < 20; step++) await this.clock.advance(5);
    return end;
  }

  #replica(node: string): ReplicaQuestions {
    let fence = 0;
    const answer = (message: { readonly type: string; readonly epoch?: number }): unknown => {
      switch (message.type) {
        case "fence":
          fence = Math.max(fence, message.epoch ?? 0);
          return { epoch: fence, seen_version: "" };
        case "staged":
          return [];
        default:
          return { root: this.roots.get(node) };
      }
    };
    const ask = (message: { readonly type: string }) =>
      Promise.resolve({ outcome: "ok", value: answer(message) });
    return new ReplicaQuestions({ place: { node }, ask } as unknown as ReplicaAccess, 1000);
  }
}

describe("cutting a shard", () => {
  it("puts two in its place", async () => {
    const world = new World();
    expect(await world.cut()).toBeLessThan(100);
    expect(world.map.shards.map(({ id, epoch }) => [id, epoch])).toEqual([
      [1, 8],
      [2, 8],
    ]);
  });

  it("does nothing when the shard is not as it was", async () => {
    const world = new World();
    expect(await world.cut(4)).toBeUndefined();
    expect(world.changes).toBe(0);
  });

  it("stops no write while a replica lags so far that it cannot be brought up in time", async () => {
    const world = new World();
    world.roots.set("n2", "other");
    world.sync = () => Promise.reject(new DvespError("CLOSED", "too late"));
    await expect(world.cut()).rejects.toMatchObject({ code: "CLOSED" });
    expect(world.changes).toBe(0);
  });

  it("is taken back when its beginning was not answered", async () => {
    const world = new World();
    world.onChange = (count) => {
      if (count === 1) throw new DvespError("TIMEOUT", "no answer");
    };
    await expect(world.cut()).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(world.map.shards).toEqual([{ ...shard, epoch: 7 }]);
  });

  it("leaves alone what another node began since", async () => {
    const world = new World();
    world.finish = () => {
      world.map = { ...world.map, shards: world.map.shards.map((one) => ({ ...one, epoch: 8 })) };
      return Promise.reject(new DvespError("OVERLOADED", "not filled"));
    };
    await expect(world.cut()).rejects.toMatchObject({ code: "OVERLOADED" });
    expect(world.map.shards).toMatchObject([{ epoch: 8, split: { phase: "cutting" } }]);
  });
});
