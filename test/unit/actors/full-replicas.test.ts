/** Writes of three replicas of which some have no room: done, or refused at once, never left waiting. */
import { describe, expect, it } from "vitest";
import { DvespError, VirtualClock, seededRandom } from "../../../src/base/index.js";
import type { Clock } from "../../../src/base/index.js";
import { HybridClock } from "../../../src/consistency/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import { WriteCoordinator } from "../../../src/actors/writes/write-coordinator.js";
import { dimension, insertOf, packIds } from "../../support/history-world.js";
import { ModelReplica } from "../../support/model-replica.js";
import { ReplicaCluster } from "../../support/replica-cluster.js";

const promptMs = 500;
const needRoom = new Set(["write", "prepare", "stage", "register_prepare", "register_accept"]);

async function openWorld() {
  const clock = new VirtualClock();
  const full = new Set<string>();
  class Replica extends ModelReplica {
    constructor(
      readonly node: string,
      own: Clock,
    ) {
      super(() => own.now(), dimension);
    }

    override receive(message: Parameters<ModelReplica["receive"]>[0]): unknown {
      if (full.has(this.node) && needRoom.has(message.type)) {
        throw new DvespError("STORAGE_FULL", "no room");
      }
      return super.receive(message);
    }
  }
  const cluster = await ReplicaCluster.open({
    ...{ seed: 3, clock, nodes: 3, shards: 2, replicationFactor: 3, dimension },
    ...{ loss: 0, skewMsMax: 0 },
    make: (node, _, own) => Promise.resolve(new Replica(node, own)),
  });
  const own = cluster.clockOf("n1");
  const coordinator = new WriteCoordinator({
    ...{ clock: own, random: seededRandom(3), hints: cluster.hintsOf() },
    ...{ versions: new HybridClock(own, "n1"), access: cluster.accessFrom("n1", () => false) },
    find: () => Promise.reject(new Error("nothing is looked for")),
  });
  /** The status of a write at QUORUM, or the code of its refusal, once it has ended. */
  const write = async (packed: PackedWrite, idempotency_key?: string) => {
    const startMs = clock.monotonic();
    let result: string | undefined;
    const done = coordinator.write({
      ...{ write: packed, consistency_level: "QUORUM", idempotency_key },
      ...{ timeout_ms: 20_000, has_made_ids: false, dimension },
    });
    void done.then(
      (end) => (result = end?.status ?? "failed"),
      (error: unknown) => (result = (error as DvespError).code),
    );
    while (result === undefined && clock.monotonic() - startMs < promptMs) await clock.advance(10);
    return result;
  };
  return { full, write };
}

const update: PackedWrite = { kind: "update", ids: packIds([0]), metadata_mode: "merge" };

describe("a write at QUORUM", () => {
  it.each([["n1"], ["n2"]])("is done while %s alone has no room", async (node) => {
    const { full, write } = await openWorld();
    expect(await write(insertOf([0], { a: "b" }))).toBe("success");
    full.add(node);
    expect(await write(insertOf([1], { a: "b" }))).toBe("success");
    expect(await write(insertOf([2], { a: "b" }), "key")).toBe("success");
    expect(await write(update)).toBe("success");
  });

  it("is refused at once when no majority has room, and done when there is room again", async () => {
    const { full, write } = await openWorld();
    expect(await write(insertOf([0], { a: "b" }))).toBe("success");
    for (const node of ["n1", "n2", "n3"]) full.add(node);
    expect(await write(insertOf([1], { a: "b" }))).toBe("STORAGE_FULL");
    full.delete("n3");
    expect(await write(update)).toBe("STORAGE_FULL");
    expect(await write(insertOf([0, 1, 2, 3], { a: "b" }))).toBe("STORAGE_FULL");
    expect(await write(insertOf([2], { a: "b" }), "key")).toBe("STORAGE_FULL");
    full.delete("n2");
    expect(await write(insertOf([2], { a: "b" }), "key")).toBe("success");
    expect(await write(update)).toBe("success");
  });
});
