import { describe, expect, it } from "vitest";
import { randomBelow, randomFraction } from "../../../../src/base/index.js";
import { majorityOf } from "../../../../src/cluster/index.js";
import type { ReplicaState, ShardPlaces } from "../../../../src/cluster/index.js";
import {
  isEnough,
  readsNeeded,
  withActive,
} from "../../../../src/actors/repair/recovery-quorum.js";
import { idOf, placeOf } from "../../../support/repair-cluster.js";
import { RepairWorld } from "../../../support/repair-world.js";

const soonMs = 15_000;

function shardOf(...states: readonly ReplicaState[]): ShardPlaces {
  const replicas = states.map((state, index) => placeOf(`n${index + 1}`, state));
  return { id: 0, from: 0, to: 2 ** 32, epoch: 7, replicas };
}

/** Every choice of `count` of `all`. */
function choices<One>(all: readonly One[], count: number): One[][] {
  if (count === 0) return [[]];
  return all.flatMap((one, index) =>
    choices(all.slice(index + 1), count - 1).map((rest) => [one, ...rest]),
  );
}

describe("how many must have been read", () => {
  it.each([2, 3, 4, 5, 7])("is as many as always hold what %i members acknowledged", (members) => {
    const shard = shardOf(...Array<ReplicaState>(members).fill("active"));
    const all = shard.replicas.map(({ node }) => node);
    const lost = "n1";
    const others = all.filter((node) => node !== lost);
    const meets = (reads: number): boolean =>
      choices(all, majorityOf(shard)).every((acknowledged) =>
        choices(others, reads).every((read) => read.some((node) => acknowledged.includes(node))),
      );
    const needed = readsNeeded(shard);
    expect(meets(needed)).toBe(true);
    expect(meets(needed - 1)).toBe(false);
  });

  it("does not count those that do not count themselves", () => {
    const shard = shardOf("recovering", "active", "recovering");
    expect(readsNeeded(shard)).toBe(2);
    expect(isEnough(shard, "n1", new Set(["n2", "n3"]))).toBe(false);
    const whole = shardOf("recovering", "active", "active");
    expect(isEnough(whole, "n1", new Set(["n2"]))).toBe(false);
    expect(isEnough(whole, "n1", new Set(["n1", "n2"]))).toBe(false);
    expect(isEnough(whole, "n1", new Set(["n2", "n3"]))).toBe(true);
  });

  it("of one that joins is counted without it", () => {
    expect(readsNeeded(shardOf("joining", "active"))).toBe(1);
    expect(readsNeeded(shardOf("joining", "active", "active", "active"))).toBe(2);
  });
});

describe("withActive", () => {
  const seen = shardOf("recovering", "active", "active");

  it("moves the epoch on", () => {
    const next = withActive(seen, seen, "n1");
    expect(next?.epoch).toBe(8);
    expect(next?.replicas.map(({ state }) => state)).toEqual(["active", "active", "active"]);
  });

  it("changes nothing when the shard has changed, or the data is another", () => {
    expect(withActive({ ...seen, epoch: 8 }, seen, "n1")).toBeUndefined();
    expect(withActive(seen, seen, "n2")).toBeUndefined();
    const [first, ...rest] = seen.replicas;
    const other = { ...seen, replicas: [{ ...first!, identity: "another" }, ...rest] };
    expect(withActive(other, seen, "n1")).toBeUndefined();
    expect(withActive({ ...seen, replicas: rest }, seen, "n1")).toBeUndefined();
  });
});

describe("recovery", () => {
  const nodes = ["n1", "n2", "n3"];

  it("fills a replica that lost its data, and makes it count", async () => {
    const world = new RepairWorld(nodes);
    for (let n = 0; n < 50; n++) world.put(n, nodes);
    world.remove(7, nodes);
    world.replica("n2").converged = world.stamp("n1", 60_000);
    world.start();
    await world.clock.advance(5000);
    world.wipe("n3");
    const epoch = world.shard.epoch;
    await world.until(() => world.stateOf("n3") === "active", soonMs);
    expect(world.areEqual).toBe(true);
    expect(world.shard.epoch).toBe(epoch + 1);
    for (const node of nodes) expect(world.replica(node).epoch).toBe(epoch);
    expect(world.replica("n3").converged).toBe(world.replica("n2").converged);
    expect(world.eventsOf("repair_finished").at(-1)).toMatchObject({ kind: "recovery" });
    await world.stop();
  });

  it("waits for enough others, however much it has of one", async () => {
    const world = new RepairWorld(nodes);
    world.put(1, ["n1", "n3"]);
    const acknowledged = world.put(2, ["n2", "n3"]);
    world.down.add("n2");
    world.wipe("n3");
    world.start();
    await world.clock.advance(60_000);
    expect(world.stateOf("n3")).toBe("recovering");
    expect(world.repairs.get("n3")?.recovery).toMatchObject({ read: 1, needed: 2 });
    world.down.delete("n2");
    await world.until(() => world.stateOf("n3") === "active", soonMs);
    expect(world.replica("n3").rows.get(idOf(2))?.version).toBe(acknowledged);
    await world.stop();
  });

  it("says that it never can be filled, when too many were lost at once", async () => {
    const world = new RepairWorld(nodes);
    world.put(1, nodes);
    world.wipe("n2");
    world.wipe("n3");
    world.start();
    await world.clock.advance(60_000);
    const said = world.eventsOf("recovery_blocked");
    expect(said).toMatchObject([
      { node: "n2", lost_with: ["n3"], filled_from: 1, to_fill: 2 },
      { node: "n3", lost_with: ["n2"], filled_from: 1, to_fill: 2 },
    ]);
    expect(said[0]?.["advice"]).toContain("n2, n3");
    expect(world.repairs.get("n3")?.recovery).toMatchObject({ lostWith: ["n2"] });
    await world.stop();
  });

  it("says nothing of the kind while others are only away", async () => {
    const world = new RepairWorld(nodes);
    world.down.add("n2");
    world.wipe("n3");
    world.start();
    await world.clock.advance(60_000);
    expect(world.eventsOf("recovery_blocked")).toEqual([]);
    expect(world.repairs.get("n3")?.recovery).toMatchObject({ lostWith: [] });
    await world.stop();
  });

  it("begins to count its reads anew when the shard has changed, and copies nothing twice", async () => {
    const world = new RepairWorld(nodes);
    for (let n = 0; n < 30; n++) world.put(n, nodes);
    world.down.add("n2");
    world.wipe("n3");
    world.start();
    await world.clock.advance(soonMs);
    expect(world.replica("n3").rows.size).toBe(30);
    world.down.delete("n2");
    world.down.add("n1");
    world.shard = { ...world.shard, epoch: world.shard.epoch + 1 };
    await world.clock.advance(soonMs);
    expect(world.stateOf("n3")).toBe("recovering");
    world.down.delete("n1");
    await world.until(() => world.stateOf("n3") === "active", soonMs);
    const copied = world.eventsOf("repair_finished").map((one) => one["rows_copied"] as number[]);
    expect(copied.flat().reduce((sum, rows) => sum + rows, 0)).toBe(30);
    await world.stop();
  });

  it("fences those it reads before it reads, and waits for what they staged", async () => {
    const world = new RepairWorld(nodes);
    world.put(1, nodes);
    const version = world.stamp("n1", 5000);
    world.replica("n1").staged = [{ operation_id: "o", version, home: 0, age_ms: 0 }];
    world.wipe("n3");
    world.start("n3");
    await world.clock.advance(3000);
    expect(world.stateOf("n3")).toBe("recovering");
    const contents = { vector: [1, 2], metadata: "of the batch" };
    world.replica("n1").take(idOf(2), { version, contents });
    world.replica("n1").staged = [];
    await world.until(() => world.stateOf("n3") === "active", soonMs);
    expect(world.replica("n3").rows.get(idOf(2))?.version).toBe(version);
    const order = world.asked.filter(({ node }) => node === "n1").map(({ type }) => type);
    expect(order.indexOf("fence")).toBeGreaterThanOrEqual(0);
    expect(order.indexOf("fence")).toBeLessThan(order.indexOf("merkle_leaves"));
    await world.stop();
  });

  it("learns the registers of those it reads, and a floor above all that they saw", async () => {
    const world = new RepairWorld(nodes);
    const seen = world.stamp("n2", -30_000);
    world.replica("n2").seen = seen;
    for (let n = 0; n < 700; n++) {
      const ballot = world.stamp();
      const key = `key/insert/${String(n).padStart(4, "0")}`;
      const accepted = { ballot, value: Uint8Array.of(n % 256) };
      const register = { key, promised: ballot, accepted, expires_ms: 0 };
      world.replica(n % 2 === 0 ? "n1" : "n2").registers.set(key, register);
    }
    world.wipe("n3");
    world.start();
    await world.until(() => world.stateOf("n3") === "active", soonMs);
    expect(world.replica("n3").registers.size).toBe(700);
    expect(world.replica("n3").floors.at(-1)! > seen).toBe(true);
    await world.stop();
  });

  it("goes on when either side starts again", async () => {
    const world = new RepairWorld(nodes, 2, { bytesPerSecond: 20_000, bytesPerStep: 2000 });
    for (let n = 0; n < 100; n++) world.put(n, nodes);
    world.wipe("n3");
    world.start("n3");
    await world.until(() => world.replica("n3").rows.size > 10, soonMs);
    await world.stop("n3");
    const had = world.replica("n3").rows.size;
    expect(had).toBeLessThan(100);
    world.start("n3");
    await world.until(() => world.replica("n3").rows.size > had + 10, soonMs);
    world.down.add("n1");
    await world.clock.advance(5000);
    world.down.delete("n1");
    await world.until(() => world.stateOf("n3") === "active", 60_000);
    expect(world.areEqual).toBe(true);
    await world.stop();
  });

  it("never lets a write be lost that a majority acknowledged, whatever the order", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const members = seed % 2 === 0 ? ["n1", "n2", "n3"] : ["n1", "n2", "n3", "n4", "n5"];
      const world = new RepairWorld(members, seed);
      const { random } = world;
      const majority = Math.floor(members.length / 2) + 1;
      const lost = members.at(-1)!;
      for (let n = 0; n < 20; n++) {
        const order = [...members].sort(() => randomFraction(random) - 0.5);
        world.put(n, order.slice(0, majority));
      }
      world.wipe(lost);
      for (const node of members)
        if (randomFraction(random) < 0.3) world.cut.add(`${lost}>${node}`);
      // Only the one that lost its data repairs: nobody else makes good what it does wrong.
      world.start(lost);
      for (let step = 0; step < 20; step++) {
        await world.clock.advance(randomBelow(random, 2000));
        if (world.stateOf(lost) !== "active") continue;
        const holders = (n: number): number =>
          members.filter((node) => world.replica(node).rows.has(idOf(n))).length;
        for (let n = 0; n < 20; n++)
          expect(holders(n), `seed ${seed}`).toBeGreaterThanOrEqual(majority);
      }
      world.cut.clear();
      await world.until(() => world.stateOf(lost) === "active", soonMs);
      await world.stop();
    }
  });
});
