/** A node that is cut off from all others says so long before a call's time is over. */
import { describe, expect, it } from "vitest";
import { isDvespError, seededRandom } from "../../../src/base/index.js";
import type { VectorStore } from "../../../src/protocol/index.js";
import { loadActorModules } from "../../sim/actor-modules.js";
import { clusterWorld } from "../../sim/cluster-world.js";
import { collection, rowsOf } from "../../sim/requests.js";
import { SimTime } from "../../sim/sim-time.js";
import { Trace } from "../../sim/trace.js";
import type { World } from "../../sim/world.js";

const load = await loadActorModules();
const makeWorld = clusterWorld({ load, nodes: 3, shards: 1, replicas: 3 });
const timeout_ms = 10_000;
/** Until a silent node is suspected, and the grace. */
const earlyMs = 1000;
const id = "00000000-0000-4000-8000-000000000001";

async function openWorld(seed: number) {
  const time = new SimTime();
  const random = seededRandom(seed);
  const world = await makeWorld({ time, random, trace: new Trace(() => time.now()) });
  const ended = async (call: Promise<object>) => {
    const startMs = time.now();
    const told = call.then(
      (answer) => (answer as { readonly status?: string }).status ?? "read",
      (error: unknown) => (isDvespError(error) ? error.code : String(error)),
    );
    return { what: await time.until(told), early: time.now() - startMs < earlyMs };
  };
  return { time, world, ended };
}

/** Cuts a node off; its store, and that of another. */
function isolate({ faults, endpoints }: World) {
  const kind = faults.find(({ name }) => name === "isolated");
  for (let tries = 0; tries < 100; tries++) {
    const fault = kind?.begin();
    const cut = endpoints.find(({ name }) => name === fault?.where);
    if (!cut) fault?.mend();
    else {
      const other = endpoints.find((one) => one !== cut);
      return { alone: cut.store() as VectorStore, other: other?.store() as VectorStore };
    }
  }
  throw new Error("chance never cut off a node");
}

describe("a node that is cut off", () => {
  it("gives calls up early that it began, and refuses later ones at once", async () => {
    const { time, world, ended } = await openWorld(3);
    const { alone, other } = isolate(world);
    const insert = { collection, ids: [id], ...rowsOf(1, [id]), timeout_ms } as const;
    const get = { collection, ids: [id], timeout_ms } as const;
    const level = { consistency_level: "QUORUM" } as const;
    const ends = await Promise.all([
      ended(alone.insert({ ...insert, ...level })),
      ended(alone.insert({ ...insert, ...level, idempotency_key: "key" })),
      ended(alone.update({ collection, ids: [id], metadata: [{}], timeout_ms })),
      ended(alone.get({ ...get, ...level })),
      ended(alone.get({ ...get, consistency_level: "ALL" })),
    ]);
    expect(ends).toEqual([
      { what: "partial", early: true },
      { what: "TIMEOUT", early: true },
      { what: expect.stringMatching(/TIMEOUT|NOT_ENOUGH/) as string, early: true },
      { what: "NOT_ENOUGH_REPLICAS", early: true },
      { what: "NOT_ENOUGH_REPLICAS", early: true },
    ]);
    const startMs = time.now();
    expect((await ended(alone.insert({ ...insert, ...level }))).what).toBe("NOT_ENOUGH_REPLICAS");
    expect(time.now() - startMs).toBeLessThan(50);
    expect((await ended(other.insert({ ...insert, ...level }))).what).toBe("success");
    await world.close();
  });
});
