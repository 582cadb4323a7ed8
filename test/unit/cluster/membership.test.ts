import { describe, expect, it } from "vitest";
import { MemoryDisk, VirtualClock, seededRandom } from "../../../src/base/index.js";
import {
  LocalClusterStore,
  Membership,
  type ClusterStore,
  type Member,
} from "../../../src/cluster/index.js";

function memberOf(node: string, incarnation = "first"): Member {
  return { node, address: `${node}:1`, client_address: `${node}:2`, pid: 7, incarnation };
}

async function world() {
  const clock = new VirtualClock();
  const disk = new MemoryDisk();
  await disk.makeDirectory("/d");
  const random = seededRandom(1);
  const store = await LocalClusterStore.open({ disk, path: "/d/cluster.json", clock, random });
  const seen = new Map<string, readonly string[]>();
  const make = (node: string, through: ClusterStore = store) =>
    new Membership({
      store: through,
      clock,
      onMembers: (members) =>
        seen.set(
          node,
          members.map((one) => `${one.node} ${one.incarnation}`),
        ),
    });
  return { clock, store, seen, make };
}

/** A store that can be out of reach. */
function breakable(store: ClusterStore): ClusterStore & { away: boolean } {
  const state = { away: false };
  return new Proxy(store, {
    get(target, name) {
      if (name === "away") return state.away;
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) =>
        state.away ? Promise.reject(new Error("out of reach")) : method.apply(target, args);
    },
    set: (_, name, value: boolean) => {
      if (name === "away") state.away = value;
      return true;
    },
  }) as ClusterStore & { away: boolean };
}

describe("membership", () => {
  it("shows every node the same list, and who comes and goes", async () => {
    const { clock, seen, make } = await world();
    const [n1, n2, watcher] = [make("n1"), make("n2"), make("watcher")];
    watcher.observe();
    await n1.join(memberOf("n1"));
    await n2.join(memberOf("n2"));
    await clock.advance(10);
    for (const node of ["n1", "n2", "watcher"])
      expect(seen.get(node)).toEqual(["n1 first", "n2 first"]);
    expect(n1.members()).toEqual([memberOf("n1"), memberOf("n2")]);
    await n2.leave();
    await clock.advance(10);
    expect(seen.get("n1")).toEqual(["n1 first"]);
  });

  it("keeps a node that lives for as long as it lives", async () => {
    const { clock, seen, make } = await world();
    await make("n1").join(memberOf("n1"));
    await clock.advance(60_000);
    expect(seen.get("n1")).toEqual(["n1 first"]);
  });

  it("loses a node that stands still, and has it back when it goes on", async () => {
    const { clock, store, seen, make } = await world();
    const way = breakable(store);
    make("watcher").observe();
    await make("n1", way).join(memberOf("n1"));
    await clock.advance(1000);
    way.away = true;
    await clock.advance(2500);
    expect(seen.get("watcher")).toEqual([]);
    way.away = false;
    await clock.advance(2000);
    expect(seen.get("watcher")).toEqual(["n1 first"]);
  });

  it("takes a node that starts again for what it is now", async () => {
    const { clock, seen, make } = await world();
    make("watcher").observe();
    await make("n1").join(memberOf("n1"));
    await make("n1").join(memberOf("n1", "second"));
    await clock.advance(10);
    expect(seen.get("watcher")).toEqual(["n1 second"]);
  });
});
