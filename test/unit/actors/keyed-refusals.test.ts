/** Writes with a key that cannot be done: refused promptly however often they are tried, and done once. */
import { describe, expect, it } from "vitest";
import { VirtualClock, seededRandom } from "../../../src/base/index.js";
import { HybridClock } from "../../../src/consistency/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import { WriteCoordinator } from "../../../src/actors/writes/write-coordinator.js";
import type { WriteEnd } from "../../../src/actors/writes/write-end.js";
import { dimension, insertOf, packIds } from "../../support/history-world.js";
import { ModelReplica } from "../../support/model-replica.js";
import { ReplicaCluster } from "../../support/replica-cluster.js";

const seed = Number(process.env["SEED"] ?? 5);
const tries = 6;
const promptMs = 200;

async function openWorld(nodeSeed: number) {
  const clock = new VirtualClock();
  const cluster = await ReplicaCluster.open({
    ...{ seed: nodeSeed, clock, nodes: 3, shards: 2, replicationFactor: 3, dimension },
    ...{ loss: 0, skewMsMax: 0 },
    make: (_, __, one) => Promise.resolve(new ModelReplica(() => one.now(), dimension)),
  });
  const coordinators = ["n1", "n2"].map((node, index) => {
    const own = cluster.clockOf(node);
    return new WriteCoordinator({
      ...{ clock: own, random: seededRandom(nodeSeed + index), hints: cluster.hintsOf() },
      ...{ versions: new HybridClock(own, node), access: cluster.accessFrom(node, () => false) },
      find: () => Promise.reject(new Error("nothing is looked for")),
    });
  });
  let turn = 0;
  /** Through one node after the other; what came of it, and after how long. */
  const write = async (packed: PackedWrite, hasMadeIds = false) => {
    const startMs = clock.monotonic();
    const result: { end?: WriteEnd | undefined; code?: string; ms: number } = { ms: Infinity };
    const prepared = {
      ...{ write: packed, consistency_level: "ALL" as const, idempotency_key: "key" },
      ...{ timeout_ms: 20_000, has_made_ids: hasMadeIds, dimension },
    };
    const coordinator = coordinators[turn++ % 2] as WriteCoordinator;
    const done = coordinator.write(prepared).then(
      (end) => (result.end = end),
      (error: unknown) => (result.code = (error as { code: string }).code),
    );
    void done.then(() => (result.ms = clock.monotonic() - startMs));
    for (let step = 0; step < 2500 && result.ms === Infinity; step++) await clock.advance(10);
    return result;
  };
  return { cluster, write };
}

describe(`a write with a key that is refused (SEED=${seed})`, () => {
  it.each([false, true])(
    "is refused at once each time while a node is dead, then done once (made ids: %s)",
    async (hasMadeIds) => {
      for (let one = seed; one < seed + 10; one++) {
        const { cluster, write } = await openWorld(one);
        const insert = insertOf([0, 1], { a: "b" });
        cluster.crash("n3");
        for (let attempt = 0; attempt < tries; attempt++) {
          const { code, ms } = await write(insert, hasMadeIds);
          expect({ one, code }).toEqual({ one, code: "NOT_ENOUGH_REPLICAS" });
          expect(ms).toBeLessThan(promptMs);
        }
        await cluster.start("n3");
        const { end } = await write(insert, hasMadeIds);
        const again = await write(insert, hasMadeIds);
        expect(end?.status).toBe("success");
        expect(again.end).toMatchObject({ version: end?.version, ids: end?.ids });
      }
    },
  );

  it("leaves nothing to wait for after a conflict", async () => {
    const { write } = await openWorld(seed);
    const remove = {
      kind: "delete",
      ids: packIds([0]),
      if_versions: ["0000000000010000.x"],
    } as const;
    for (let attempt = 0; attempt < tries; attempt++) {
      const { code, ms } = await write(remove);
      expect(code).toBe("VERSION_CONFLICT");
      expect(ms).toBeLessThan(promptMs + 100 * attempt);
    }
  });
});

describe(`a write with a key that found nothing (SEED=${seed})`, () => {
  it("found nothing whenever it is sent again, whatever came since", async () => {
    const { write } = await openWorld(seed);
    const insert = insertOf([0], { a: "b" });
    const update = { ...insert, kind: "update", metadata_mode: "replace" } as const;
    const first = await write(update);
    expect(first.end).toMatchObject({ status: "success", missing: packIds([0]) });
    await write(insert);
    const again = await write(update);
    expect(again.end).toMatchObject({ status: "success", missing: packIds([0]) });
    expect(again.end?.ids).toHaveLength(0);
  });
});
