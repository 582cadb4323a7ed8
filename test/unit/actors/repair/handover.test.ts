import { describe, expect, it } from "vitest";
import { without } from "../../../../src/actors/repair/decide-move.js";
import { handOver } from "../../../../src/actors/repair/handover.js";
import { repairLimits } from "../../../../src/actors/repair/limits.js";
import { PairSync } from "../../../../src/actors/repair/pair-sync.js";
import { ReplicaQuestions } from "../../../../src/actors/repair/replica-questions.js";
import { Throttle } from "../../../../src/actors/repair/throttle.js";
import { PlainCluster, idOf } from "../../../support/repair-cluster.js";

const nodes = ["n1", "n2", "n3", "n4"];

/** Has n2 hand over; whether it is out. */
async function handOverOf(world: PlainCluster): Promise<boolean> {
  const { clock } = world;
  const throttle = new Throttle(clock, 1e9);
  const limits = { ...repairLimits, askMs: 1000, graceMs: 100 };
  const parts = { clock, limits, throttle, dimension: 2, isStopped: () => false };
  let isDone: boolean | undefined;
  const handover = handOver(
    {
      clock,
      changeShard: (change) => {
        world.changeShard(change);
        return Promise.resolve();
      },
      questions: (one) => new ReplicaQuestions(one, limits.askMs),
      sync: (a, b) => new PairSync(parts, [a, b]).run(),
    },
    world.shardOf("n1"),
    "n2",
  ).then((one) => (isDone = one));
  for (let step = 0; isDone === undefined && step < 300; step++) await clock.advance(100);
  await handover;
  return isDone!;
}

const placesOf = (world: PlainCluster): string[] => world.shard.replicas.map(({ node }) => node);

describe("a handover", () => {
  it("leaves with every other replica what the one that leaves had", async () => {
    const world = new PlainCluster(nodes);
    world.put(1, ["n2"]);
    world.put(2, ["n4"]);
    const ballot = world.stamp();
    const register = { key: "batch/o", promised: ballot, expires_ms: 0 };
    world.replica("n2").registers.set(register.key, register);
    expect(await handOverOf(world)).toBe(true);
    expect(placesOf(world)).toEqual(["n1", "n3", "n4"]);
    for (const node of ["n1", "n3", "n4"]) {
      expect(world.replica(node).live()).toEqual([1, 2].map(idOf));
      expect(world.replica(node).registers.get("batch/o")).toEqual(register);
      expect(world.replica(node).epoch).toBe(1);
    }
    expect(world.shard.epoch).toBe(2);
  });

  it("takes nobody out when the map has changed meanwhile", async () => {
    const world = new PlainCluster(nodes);
    world.put(1, ["n2"]);
    world.onMessage = (_, type) => {
      if (type === "apply") world.shard = { ...world.shard, epoch: 2 };
    };
    await handOverOf(world);
    expect(placesOf(world)).toEqual(nodes);
    expect(without(world.shard, "n2", 1)).toBeUndefined();
  });

  it("waits while a batch is undecided, or one of the others is fenced by a later map", async () => {
    const world = new PlainCluster(nodes);
    const batch = { operation_id: "o", version: world.stamp(), home: 0, age_ms: 0 };
    world.replica("n3").staged = [batch];
    expect(await handOverOf(world)).toBe(false);
    world.replica("n3").staged = [];
    world.replica("n3").epoch = 9;
    expect(await handOverOf(world)).toBe(false);
    expect(placesOf(world)).toEqual(nodes);
  });
});
