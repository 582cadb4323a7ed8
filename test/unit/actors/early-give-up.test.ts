/** Writes whose coordinator is cut off while they run: it says so early, and says what is true. */
import { describe, expect, it } from "vitest";
import { DvespError, VirtualClock, packBytes, seededRandom } from "../../../src/base/index.js";
import { HybridClock } from "../../../src/consistency/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import { UndecidedBatches } from "../../../src/actors/writes/undecided-batches.js";
import { WriteCoordinator } from "../../../src/actors/writes/write-coordinator.js";
import type { ConsistencyLevel } from "../../../src/protocol/index.js";
import { dimension, insertOf, packIds } from "../../support/history-world.js";
import { ModelReplica } from "../../support/model-replica.js";
import { ReplicaCluster } from "../../support/replica-cluster.js";

const timeoutMs = 20_000;
/** The grace, and a few messages on the way. */
const earlyMs = 400;

interface End {
  readonly what: string;
  readonly ms: number;
}

async function openWorld({ seed = 1, shards = 1, replicationFactor = 3 } = {}) {
  const clock = new VirtualClock();
  const models: ModelReplica[] = [];
  const cluster = await ReplicaCluster.open({
    ...{ seed, clock, nodes: 3, shards, replicationFactor, dimension, loss: 0, skewMsMax: 0 },
    make: (_, __, own) => {
      const model = new ModelReplica(() => own.now(), dimension);
      models.push(model);
      return Promise.resolve(model);
    },
  });
  const partsOf = (node: string) => ({
    ...{ clock, random: seededRandom(10 * seed + Number(node.slice(1))), hints: cluster.hintsOf() },
    ...{ versions: new HybridClock(clock, node), access: cluster.accessFrom(node, () => false) },
    find: () => Promise.reject(new Error("nothing is looked for")),
  });
  /** What comes of a write through a node, when, and what `meanwhile` did on the way. */
  const write = async (
    node: string,
    packed: PackedWrite,
    { level = "QUORUM", key }: { level?: ConsistencyLevel; key?: string | undefined } = {},
    meanwhile: () => Promise<void> = () => Promise.resolve(),
  ): Promise<End> => {
    const startMs = clock.monotonic();
    const state: { end?: End } = {};
    const ended = (what: string): void => {
      state.end = { what, ms: clock.monotonic() - startMs };
    };
    const made = { has_made_ids: false, dimension, timeout_ms: timeoutMs };
    const asked = { write: packed, consistency_level: level, idempotency_key: key, ...made };
    new WriteCoordinator(partsOf(node)).write(asked).then(
      (end) => ended(end?.status ?? "failed"),
      (error: unknown) => ended(error instanceof DvespError ? error.code : String(error)),
    );
    await meanwhile();
    for (let step = 0; step < 3000 && !state.end; step++) await clock.advance(10);
    return state.end ?? { what: "nothing", ms: Infinity };
  };
  const cutOff = (node: string): void => {
    for (const other of cluster.nodes) if (other !== node) cluster.cut(node, other);
  };
  /** Everything works again, and what was on its way has arrived. */
  const heal = async (): Promise<void> => {
    await cluster.heal();
    const resolvers = cluster.nodes.map((node) => new UndecidedBatches(partsOf(node)));
    for (const one of resolvers) one.start();
    for (let step = 0; step < 60; step++) await clock.advance(200);
    for (const one of resolvers) one.stop();
    await cluster.replayHints();
  };
  const holders = (): number =>
    models.filter(({ rows }) => [...rows.values()].some(({ content }) => content)).length;
  return { clock, cluster, write, cutOff, heal, holders };
}

const update: PackedWrite = {
  kind: "update",
  ids: packIds([0]),
  metadata_mode: "replace",
  metadata: packBytes([Uint8Array.of(0x80)]),
};
const cases: [string, number, PackedWrite, string | undefined][] = [
  ["an insert", 1, insertOf([0], {}), undefined],
  ["an insert over shards", 3, insertOf([0, 1, 2], {}), undefined],
  ["an insert with a key", 1, insertOf([0], {}), "key"],
  ["an update", 1, update, undefined],
];

describe("a coordinator that is cut off while it writes", () => {
  it.each(cases)("says early what became of %s", async (_, shards, packed, key) => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 25; seed++) {
      const { clock, write, cutOff, heal, holders } = await openWorld({ seed, shards });
      const { what, ms } = await write("n1", packed, { key }, async () => {
        await clock.advance(seed);
        cutOff("n1");
      });
      expect({ seed, what, early: ms <= seed + 3 * earlyMs }).toMatchObject({ early: true });
      seen.add(what);
      await heal();
      if (what === "NOT_ENOUGH_REPLICAS" || what === "failed") {
        expect({ seed, what, holders: holders() }).toEqual({ seed, what, holders: 0 });
      }
      if (what === "success" || what === "partial") {
        expect({ seed, what, isThere: holders() > 0 || packed === update }).toMatchObject({
          isThere: true,
        });
      }
    }
    const honest = ["success", "partial", "TIMEOUT", "NOT_ENOUGH_REPLICAS"];
    expect([...seen].filter((what) => !honest.includes(what))).toEqual([]);
    expect(seen.size, [...seen].join()).toBeGreaterThan(1);
  });

  it("and has no replica of its own does not know what became of an insert", async () => {
    const { clock, write, cutOff } = await openWorld({ replicationFactor: 2 });
    const end = await write("n3", insertOf([0], {}), { level: "ALL" }, async () => {
      await clock.advance(0.1);
      cutOff("n3");
    });
    expect(end.what).toBe("TIMEOUT");
    expect(end.ms).toBeLessThan(3 * earlyMs);
  });

  it("waits for a link that is back within the grace", async () => {
    const { clock, cluster, write, cutOff } = await openWorld();
    const end = await write("n1", insertOf([0], {}), { level: "ALL" }, async () => {
      await clock.advance(0.1);
      cutOff("n1");
      await clock.advance(120);
      for (const other of ["n2", "n3"]) cluster.join("n1", other);
    });
    expect(end.what).toBe("success");
  });
});

describe("a write at ALL", () => {
  it("that has begun when a node dies is partial early", async () => {
    const { clock, cluster, write } = await openWorld();
    const end = await write("n1", insertOf([0], {}), { level: "ALL" }, async () => {
      await clock.advance(0.1);
      cluster.crash("n3");
    });
    expect(end.what).toBe("partial");
    expect(end.ms).toBeLessThan(earlyMs);
  });

  it("with a key that is committed does not wait for a node that is dead", async () => {
    const { cluster, write } = await openWorld();
    const insert = insertOf([0], {});
    expect((await write("n1", insert, { key: "key" })).what).toBe("success");
    cluster.crash("n3");
    const again = await write("n2", insert, { key: "key", level: "ALL" });
    expect(["partial", "success"]).toContain(again.what);
    expect(again.ms).toBeLessThan(2 * earlyMs);
  });
});
