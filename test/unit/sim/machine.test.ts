import { describe, expect, it } from "vitest";
import { MemoryNetwork, seededRandom } from "../../../src/base/index.js";
import { MemoryStorage } from "../../../src/storage/index.js";
import { loadActorModules } from "../../sim/actor-modules.js";
import { DriftingClock } from "../../sim/drifting-clock.js";
import { Machine } from "../../sim/machine.js";
import { SimTime } from "../../sim/sim-time.js";

const collection = "c";
const load = await loadActorModules();

async function makeMachine(): Promise<{ time: SimTime; machine: Machine }> {
  const time = new SimTime();
  const machine = new Machine({
    name: "n1",
    clock: new DriftingClock(time.clock, 1.001, 20),
    random: seededRandom(1),
    network: new MemoryNetwork({ clock: time.clock }),
    load,
    storage: new MemoryStorage(),
  });
  await time.until(machine.start());
  const { store } = machine.running!;
  await time.until(store.create_collection({ collection, dimension: 2, index: { type: "hnsw" } }));
  return { time, machine };
}

function rows(count: number): number[][] {
  return Array.from({ length: count }, (_, row) => [row, 1]);
}

describe("a simulated machine", () => {
  it("has after a crash what was acknowledged before", async () => {
    const { time, machine } = await makeMachine();
    for (let round = 1; round <= 3; round++) {
      const { store } = machine.running!;
      await time.until(store.insert({ collection, vectors: rows(10) }));
      void store.insert({ collection, vectors: rows(1) }).catch(() => undefined);
      machine.cutPower();
      await time.until(machine.start());
      const { store: next } = machine.running!;
      const { count } = await time.until(next.count({ collection }));
      expect(count).toBeGreaterThanOrEqual(10 * round);
      expect(count).toBeLessThanOrEqual(11 * round);
    }
  });

  it.each(["write-0", "search-0", "build-0"])("goes on after the death of %s", async (host) => {
    const { time, machine } = await makeMachine();
    const { node, store } = machine.running!;
    const before = time.until(store.insert({ collection, vectors: rows(10) }));
    await node.hosts.killHost(host, "terminate");
    await before;
    await time.until(store.insert({ collection, vectors: rows(10) }));
    await time.pass(2000);
    expect(node.hosts.hosts().every(({ state }) => state === "up")).toBe(true);
    const query = { collection, query_vector: [1, 1], top_k: 30 };
    expect((await time.until(store.search(query))).results).toHaveLength(20);
    await time.until(store.close());
  });

  it("does nothing while its clock stands still", async () => {
    const { time, machine } = await makeMachine();
    const { clock } = machine.running!.life;
    let fired = 0;
    clock.after(10, () => fired++);
    clock.pause();
    await time.pass(100);
    expect(fired).toBe(0);
    clock.resume();
    expect(fired).toBe(1);
  });
});
