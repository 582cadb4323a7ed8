/** How the map changes when a shard becomes two. */
import { describe, expect, it } from "vitest";
import {
  cutInTwo,
  evenRanges,
  hashEnd,
  shardOfHash,
  withCut,
  withCutTakenBack,
  withShardChanged,
  withSplit,
  withoutSplit,
} from "../../../src/cluster/index.js";
import type { CollectionMap, ShardPlaces } from "../../../src/cluster/index.js";

const replicas = ["n1", "n2"].map((node) => ({ node, state: "active" as const, identity: node }));
const settings = {
  ...{ collection: "c", dimension: 4, distance_metric: "l2" as const, shards: 2 },
  ...{ index: { type: "flat" as const }, replication_factor: 2 },
};
const map: CollectionMap = {
  settings,
  uid: "uid",
  shards: evenRanges(2).map((range) => ({ ...range, epoch: 5, replicas })),
};
const whole = map.shards[0]!;
const filling = withSplit(whole, map, "s")!;
const cutting = withCut(filling, 5)!;
const identities = new Map([
  ["n1", ["a1", "b1"] as const],
  ["n2", ["a2", "b2"] as const],
]);

describe("a shard that is split", () => {
  it("serves as ever until it is cut, then is two with ids of their own", () => {
    expect(filling).toMatchObject({ epoch: 5, split: { into: [2, 3], phase: "filling" } });
    expect(cutting).toMatchObject({ epoch: 6, split: { phase: "cutting" } });
    const halves = cutInTwo(cutting, 6, identities)!;
    expect(halves.map(({ id, from, to, epoch }) => [id, from, to, epoch])).toEqual([
      [2, 0, 2 ** 30, 8],
      [3, 2 ** 30, 2 ** 31, 8],
    ]);
    expect(halves[1].replicas[1]).toEqual({ node: "n2", state: "active", identity: "b2" });
    expect(halves.some((one) => "split" in one)).toBe(false);
    const changed = withShardChanged({ ...map, shards: [cutting, map.shards[1]!] }, 0, (now) =>
      cutInTwo(now, 6, identities),
    )!;
    expect(changed.shards.map(({ id }) => id)).toEqual([2, 3, 1]);
    for (const hash of [0, 2 ** 30 - 1, 2 ** 30, 2 ** 31, hashEnd - 1]) {
      const { from, to } = shardOfHash(changed.shards, hash);
      expect(hash >= from && hash < to).toBe(true);
    }
    // Ids that once were are not given again.
    const next = withSplit(changed.shards[1]!, changed, "t")!;
    expect(next.split?.into).toEqual([4, 5]);
  });

  it("is taken back beyond what its replicas were fenced at, and given up from there", () => {
    const back = withCutTakenBack(cutting, cutting.epoch)!;
    expect(back).toMatchObject({ epoch: 7, split: { phase: "filling" } });
    expect(withoutSplit(cutting)).toBeUndefined();
    expect(withoutSplit(back)).toEqual({ ...whole, epoch: 7 });
    const begun = withShardChanged(map, 0, (now, all) => withSplit(now, all, "s"))!;
    const ended = withShardChanged(begun, 0, withoutSplit)!;
    expect(ended.shards).toEqual(map.shards);
    expect(withSplit(ended.shards[0]!, ended, "t")?.split?.into).toEqual([4, 5]);
  });

  it.each<[string, ShardPlaces | readonly ShardPlaces[] | undefined]>([
    ["split twice", withSplit(filling, map, "other")],
    ["split when it is one hash", withSplit({ ...whole, to: 1 }, map, "s")],
    ["cut unsplit", withCut(whole, 5)],
    ["cut when its replicas changed", withCut({ ...filling, epoch: 6 }, 5)],
    ["cut twice", withCut(cutting, 6)],
    [
      "replaced when that was taken back",
      cutInTwo(withCutTakenBack(cutting, cutting.epoch)!, 6, identities),
    ],
    ["replaced at another epoch", cutInTwo({ ...cutting, epoch: 8 }, 6, identities)],
    ["replaced without a node's halves", cutInTwo(cutting, 6, new Map([["n1", ["a", "b"]]]))],
    [
      "replaced while a replica is filled",
      cutInTwo(
        { ...cutting, replicas: [replicas[0]!, { ...replicas[1]!, state: "recovering" }] },
        6,
        identities,
      ),
    ],
    ["taken back when nothing is cut", withCutTakenBack(filling, filling.epoch)],
    [
      "taken back after that by who has not heard of it",
      withCutTakenBack(cutting, cutting.epoch - 1),
    ],
    ["given up when nothing is split", withoutSplit(whole)],
  ])("is not %s", (_, changed) => expect(changed).toBeUndefined());
});
