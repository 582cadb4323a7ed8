import { describe, expect, it } from "vitest";
import { randomBelow, randomFraction } from "../../../../src/base/index.js";
import { idOf, pick } from "../../../support/repair-cluster.js";
import { RepairWorld } from "../../../support/repair-world.js";

const nodes = ["n1", "n2", "n3"];
/** Ten virtual seconds: two rounds with all that may be asked in them. */
const soonMs = 10_000;

describe("anti-entropy", () => {
  it("makes all replicas equal within seconds, and says so", async () => {
    const world = new RepairWorld(nodes);
    world.put(1, ["n1"]);
    world.put(2, ["n2", "n3"]);
    world.remove(2, ["n3"]);
    world.start();
    await world.until(() => world.areEqual, soonMs);
    await world.clock.advance(3000);
    expect(world.replica("n1").live()).toEqual([idOf(1)]);
    expect(world.eventsOf("repair_started").length).toBeGreaterThan(0);
    expect(world.eventsOf("repair_finished")[0]).toMatchObject({ kind: "anti_entropy", shard: 0 });
    expect(world.repairs.get("n1")?.lagMs("n3")).toBe(0);
    await world.stop();
  });

  it("compares each pair on one side only", async () => {
    const world = new RepairWorld(nodes);
    const compared: string[] = [];
    world.put(1, ["n3"]);
    world.onMessage = (node, type) => {
      if (type === "bucket_entries") compared.push(node);
    };
    world.start("n3");
    await world.clock.advance(soonMs);
    expect(compared).toEqual([]);
    world.start("n2");
    await world.until(() => compared.length > 0, soonMs);
    expect(new Set(compared)).toEqual(new Set(["n2", "n3"]));
    await world.stop();
  });

  it("starts within seconds when a node is back, and reports its lag meanwhile", async () => {
    const world = new RepairWorld(nodes);
    world.start();
    world.put(1, nodes);
    await world.clock.advance(soonMs);
    world.down.add("n2");
    world.put(2, ["n1", "n3"], 0);
    await world.clock.advance(30_000);
    expect(world.repairs.get("n1")?.lagMs("n2")).toBeGreaterThan(25_000);
    expect(world.eventsOf("repair_failed").length).toBeLessThan(4);
    world.down.delete("n2");
    const tookMs = await world.until(() => world.areEqual, soonMs);
    expect(tookMs).toBeLessThan(4000);
    await world.clock.advance(5000);
    expect(world.repairs.get("n1")?.lagMs("n2")).toBe(0);
    await world.stop();
  });

  it("asks nothing more once it is stopped", async () => {
    const world = new RepairWorld(nodes);
    world.put(1, ["n1"]);
    world.start();
    await world.stop();
    const asked = world.asked.length;
    world.put(2, ["n2"]);
    await world.clock.advance(60_000);
    expect(world.asked.length).toBe(asked);
    expect(world.clock.pending).toBe(0);
  });

  it("heals every history of faults, and never puts older over newer", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = new RepairWorld(nodes, seed, { entriesPerStep: 16, bytesPerStep: 1500 });
      const { random } = world;
      const newest = new Map<string, { version: string; lives: boolean }>();
      const seen = new Map<string, string>();
      const check = (): void => {
        for (const node of nodes) {
          for (const [id, { version }] of world.replica(node).rows) {
            const key = `${node} ${id}`;
            expect(version >= (seen.get(key) ?? ""), `seed ${seed}: older over newer`).toBe(true);
            seen.set(key, version);
          }
        }
      };
      world.loss = 0.1;
      world.start();
      for (let step = 0; step < 60; step++) {
        const n = randomBelow(random, 30);
        const reached = nodes.filter(() => randomFraction(random) < 0.6);
        const to = reached.length > 0 ? reached : [pick(random, nodes)];
        const lives = randomFraction(random) < 0.7;
        const version = lives ? world.put(n, to, 0) : world.remove(n, to, 0);
        newest.set(idOf(n), { version, lives });
        const link = `${pick(random, nodes)}>${pick(random, nodes)}`;
        if (randomFraction(random) < 0.5) world.cut.add(link);
        else world.cut.clear();
        await world.clock.advance(randomBelow(random, 400));
        check();
      }
      world.cut.clear();
      world.loss = 0;
      await world
        .until(() => world.areEqual, 3 * soonMs)
        .catch((error: unknown) => {
          throw new Error(`seed ${seed}: ${String(error)}`);
        });
      check();
      for (const [id, { version, lives }] of newest) {
        const row = world.replica("n2").rows.get(id);
        expect([row?.version, row?.contents !== undefined], `seed ${seed}`).toEqual([
          version,
          lives,
        ]);
      }
      await world.stop();
    }
  });
});

describe("convergence", () => {
  const limits = { underWayMs: 20_000, hintMs: 60_000, dropEveryMs: 10_000 };

  it("lets tombstones go everywhere, and they do not come back", async () => {
    const world = new RepairWorld(nodes, 3, limits);
    world.put(1, nodes, 1000);
    world.remove(1, ["n2"], 500);
    world.start();
    await world.until(() => world.areEqual, soonMs);
    expect(world.replica("n3").tombstones()).toEqual([idOf(1)]);
    await world.clock.advance(90_000);
    expect(world.replica("n3").tombstones()).toEqual([idOf(1)]);
    await world.clock.advance(60_000);
    for (const node of nodes) expect(world.replica(node).rows.size).toBe(0);
    const finished = world.eventsOf("repair_finished").length;
    await world.clock.advance(60_000);
    expect(world.areEqual).toBe(true);
    expect(world.eventsOf("repair_finished").length).toBe(finished);
    await world.stop();
  });

  it("keeps tombstones while a replica is away, or does not count", async () => {
    const world = new RepairWorld(nodes, 4, limits);
    world.put(1, nodes, 1000);
    world.start();
    await world.clock.advance(soonMs);
    world.down.add("n3");
    world.remove(1, ["n1", "n2"], 0);
    await world.clock.advance(300_000);
    expect(world.replica("n1").tombstones()).toEqual([idOf(1)]);
    world.down.delete("n3");
    await world.until(() => world.areEqual, soonMs);
    for (const node of nodes) expect(world.replica(node).live()).toEqual([]);
    await world.clock.advance(300_000);
    for (const node of nodes) expect(world.replica(node).rows.size).toBe(0);
    await world.stop();
  });

  it("says nothing while a replica is being filled", async () => {
    const world = new RepairWorld(nodes, 7, limits);
    world.put(1, nodes, 1000);
    world.wipe("n3");
    world.remove(1, ["n1", "n2"], 0);
    world.start("n1", "n2");
    await world.clock.advance(200_000);
    expect(world.replica("n1").converged).toBe("");
    expect(world.replica("n1").tombstones()).toEqual([idOf(1)]);
    world.start("n3");
    await world.until(() => world.replica("n1").rows.size === 0, 100_000);
    await world.stop();
  });

  it("does not make pairs exchange tombstones when one did not hear of it", async () => {
    const world = new RepairWorld(nodes, 5, limits);
    const version = world.remove(1, nodes, 1000);
    world.start();
    await world.until(() => world.replica("n2").converged > version, 60_000);
    for (const node of ["n1", "n3"]) {
      world.replica(node).handle({ type: "converged", version, drop: version });
    }
    expect(world.areEqual).toBe(false);
    const isBack = (): boolean => ["n1", "n3"].some((node) => world.replica(node).rows.size > 0);
    await world.until(() => isBack() || world.replica("n2").rows.size === 0, 200_000);
    expect(isBack()).toBe(false);
    await world.clock.advance(60_000);
    expect(world.roots()).toEqual(Array(3).fill(world.replica("n1").root()));
    expect(world.eventsOf("repair_started")).toEqual([]);
    await world.stop();
  });

  it("does not pass by a batch that nobody has decided", async () => {
    const world = new RepairWorld(nodes, 6, limits);
    const version = world.stamp();
    const batch = { operation_id: "o", version, home: 0, age_ms: 0 };
    world.replica("n3").staged = [batch];
    world.put(1, nodes, 0);
    world.start();
    await world.clock.advance(200_000);
    expect(world.replica("n1").converged < version).toBe(true);
    world.replica("n3").staged = [];
    await world.clock.advance(40_000);
    expect(world.replica("n1").converged > version).toBe(true);
    await world.stop();
  });
});
