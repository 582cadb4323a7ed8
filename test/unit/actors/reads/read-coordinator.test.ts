import { describe, expect, it } from "vitest";
import { DvespError } from "../../../../src/base/index.js";
import { ReadCoordinator } from "../../../../src/actors/reads/read-coordinator.js";
import type { ReadParts } from "../../../../src/actors/reads/read-coordinator.js";
import { ReadWorld, versionOf } from "./model-reader.js";
import { getOf } from "./requests.js";

/** A replica here whose searchers refuse all, and the others beside it. */
function readsWith(code: "DATA_CORRUPTED" | "OVERLOADED", replicas: number) {
  const world = new ReadWorld({ seed: 1, shards: 1, replicas });
  const id = world.newId();
  for (const reader of world.readers[0] ?? []) {
    reader.rows.set(id, { version: versionOf(1), position: 1 });
  }
  const refusal = new DvespError(code, "no");
  world.readers[0]![0]!.end = { outcome: "refused", error: refusal.toPlain() };
  const searchers = { refs: [0], ask: () => Promise.reject(refusal) };
  const reads = new ReadCoordinator({
    ...{ clock: world.clock, access: world.access, repair: world.repair },
    codec: {} as ReadParts["codec"],
    local: () => ({ searchers, areas: {} }) as unknown as ReturnType<ReadParts["local"]>,
  });
  const read = () => world.ended(reads.read(getOf([id], { consistency_level: "ONE" })));
  return { read, world, id };
}

describe("a read that one replica could answer", () => {
  it("is answered by others when a row of it is damaged there, and they put it right", async () => {
    const { read, world, id } = readsWith("DATA_CORRUPTED", 3);
    expect((await read()).vectors.map((one) => one.id)).toEqual([id]);
    expect(world.stale).toMatchObject([{ place: { node: "n0" }, ids: [id] }]);
  });

  it("fails with the damage when there is no other, and with all else", async () => {
    await expect(readsWith("DATA_CORRUPTED", 1).read()).rejects.toMatchObject({
      code: "DATA_CORRUPTED",
    });
    await expect(readsWith("OVERLOADED", 3).read()).rejects.toMatchObject({ code: "OVERLOADED" });
  });
});
