import { describe, expect, it } from "vitest";
import { formatUuid } from "../../../../src/base/index.js";
import { HybridClock } from "../../../../src/consistency/index.js";
import { NodeRepair } from "../../../../src/actors/repair/node-repair.js";
import type { HintBatch, HintsMessage } from "../../../../src/actors/repair/hint-messages.js";
import type { CollectionAccess } from "../../../../src/actors/replicas/access.js";
import { idsOf } from "../../../../src/actors/repair/versioned-rows.js";
import { HandMadeRef, ok } from "../hand-made-ref.js";
import { idOf, placeOf, settings } from "../../../support/repair-cluster.js";
import { RepairWorld } from "../../../support/repair-world.js";

const nodes = ["n1", "n2", "n3"];

function nodeRepair(world: RepairWorld, access: () => CollectionAccess | undefined) {
  const { clock, random, limits, events } = world;
  const nothing: HintBatch = { hints: [], sequences: [], lost: 0 };
  const kept: HintsMessage[] = [];
  const keeper = new HandMadeRef((message) => {
    kept.push(message as HintsMessage);
    return ok((message as HintsMessage).type === "nodes" ? [] : nothing);
  });
  const repair = new NodeRepair({
    ...{ clock, random, limits, keeper, access },
    view: world.view("n1"),
    // Nothing is moved.
    places: () => [],
    versions: new HybridClock(clock, "n1"),
    emit: (event) => void events.push(event),
  });
  return { repair, kept };
}

const mapOf = (world: RepairWorld) => ({ settings, uid: "uid", shards: [world.shard] });
const uuidOf = (n: number): string => formatUuid(idsOf([idOf(n)]), 0);

describe("the repair of a node", () => {
  it("begins when a collection is open, and ends when its replica is not here any more", async () => {
    const world = new RepairWorld(nodes);
    const open = new Set<string>();
    const { repair } = nodeRepair(world, () => (open.has("docs") ? world.access("n1") : undefined));
    world.put(1, ["n2"]);
    await repair.start();
    await world.clock.advance(5000);
    expect(repair.statusOf(mapOf(world), world.shard)).toBeUndefined();
    open.add("docs");
    await world.until(() => world.replica("n1").rows.size === 1, 10_000);
    await world.clock.advance(5000);
    expect(repair.statusOf(mapOf(world), world.shard)).toEqual({
      lag_ms: { n1: 0, n2: 0, n3: 0 },
    });
    const replicas = world.shard.replicas.filter(({ node }) => node !== "n1");
    world.shard = { ...world.shard, replicas };
    await world.clock.advance(5000);
    const asked = world.asked.length;
    await world.clock.advance(20_000);
    expect(world.asked.length).toBe(asked);
    await repair.stop();
  });

  it("has nothing to do for a shard with one replica", async () => {
    const world = new RepairWorld(["n1"]);
    const { repair } = nodeRepair(world, () => world.access("n1"));
    await repair.start();
    await world.clock.advance(20_000);
    expect(world.asked).toEqual([]);
    await repair.stop();
  });

  it("gives replicas what reads found missing, once, and no more than it may", async () => {
    const world = new RepairWorld(nodes);
    const { repair } = nodeRepair(world, () => world.access("n1"));
    world.put(1, ["n1", "n3"]);
    world.remove(2, ["n3"]);
    const place = placeOf("n2", "active");
    const stale = { shard: 0, place, ids: [1, 2, 3].map(uuidOf) };
    repair.stale("docs", stale);
    repair.stale("docs", stale);
    await world.clock.advance(100);
    expect([...world.replica("n2").rows.keys()]).toEqual([idOf(1), idOf(2)]);
    expect(world.asked.filter(({ type }) => type === "apply")).toHaveLength(2);
    repair.stale("docs", { ...stale, ids: Array.from({ length: 20_000 }, (_, n) => uuidOf(n)) });
    repair.stale("docs", { ...stale, place: placeOf("n9", "active") });
    await world.clock.advance(1000);
    expect(world.replica("n2").live()).toEqual([idOf(1)]);
    await repair.stop();
  });

  it("keeps hints for those that missed something", async () => {
    const world = new RepairWorld(nodes);
    const { repair, kept } = nodeRepair(world, () => world.access("n1"));
    const version = world.stamp();
    repair.hintsOf("docs", "uid").missed("n2", 0, {
      ...{ type: "write", operation_id: "o", version },
      write: { kind: "delete", ids: idsOf([idOf(1)]) },
    });
    await world.clock.advance(10);
    expect(kept).toEqual([
      { type: "missed", hints: [expect.objectContaining({ node: "n2", uid: "uid", shard: 0 })] },
    ]);
    await repair.stop();
  });
});
