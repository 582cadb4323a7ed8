/** What is done next about the splitting of a shard. */
import { describe, expect, it } from "vitest";
import { decideSplit } from "../../../../src/actors/split/decide-split.js";
import type { SplitFacts } from "../../../../src/actors/split/decide-split.js";
import { hashEnd } from "../../../../src/cluster/index.js";
import type { ReplicaState, ShardPlaces, ShardSplit } from "../../../../src/cluster/index.js";

const shardOf = (
  phase?: ShardSplit["phase"],
  states: readonly ReplicaState[] = ["active", "active", "active"],
): ShardPlaces => ({
  ...{ id: 0, from: 0, to: hashEnd, epoch: 1 },
  replicas: states.map((state, index) => ({ node: `n${index + 1}`, state, identity: "i" })),
  ...(phase && { split: { name: "s", at: 9, into: [1, 2], phase } }),
});

const decide = (
  shard: ShardPlaces,
  changes: Partial<SplitFacts> = {},
  dead: readonly string[] = [],
) =>
  decideSplit({
    ...{ shard, self: "n1", isMoveDue: false, mayBegin: true },
    isAlive: (node) => !dead.includes(node),
    ...changes,
  });

describe("decideSplit", () => {
  it("counts, asks whether halves are filled, and takes back what another one began", () => {
    expect(decide(shardOf())).toBe("count");
    expect(decide(shardOf("filling"))).toBe("ask");
    expect(decide(shardOf("cutting"))).toBe("take_back");
  });

  it("is for the first node with a replica that is alive", () => {
    expect(decide(shardOf("cutting"), { self: "n2" })).toBeUndefined();
    expect(decide(shardOf("cutting"), { self: "n2" }, ["n1"])).toBe("take_back");
    expect(decide(shardOf(), { self: "n4" })).toBeUndefined();
  });

  it("waits for replicas that are away, and gives up for one that lost its data", () => {
    expect(decide(shardOf(), {}, ["n3"])).toBeUndefined();
    expect(decide(shardOf("filling"), {}, ["n3"])).toBeUndefined();
    expect(decide(shardOf("filling", ["active", "recovering"]))).toBe("give_up");
    expect(decide(shardOf("cutting", ["active", "recovering"]))).toBe("take_back");
    expect(decide(shardOf(undefined, ["active", "recovering"]))).toBeUndefined();
  });

  it("lets moves go first, and other splits", () => {
    expect(decide(shardOf(), { isMoveDue: true })).toBeUndefined();
    expect(decide(shardOf("filling"), { isMoveDue: true })).toBe("give_up");
    expect(decide(shardOf("cutting"), { isMoveDue: true })).toBe("take_back");
    expect(decide(shardOf(), { mayBegin: false })).toBeUndefined();
    expect(decide(shardOf("filling"), { mayBegin: false })).toBe("ask");
  });
});
