import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../src/base/index.js";
import { makeCommitToken } from "../../../../src/consistency/index.js";
import { onOneMap, untilMapped } from "../../../../src/actors/reads/one-map.js";
import type { SharedReadParts } from "../../../../src/actors/reads/read-parts.js";
import { countOf } from "./requests.js";

const collection = "c";
const token = makeCommitToken({
  collection,
  version: "0000000000010000.n1",
  operation_id: "operation",
  shards: [2, 4],
});

function mapped(ids: () => readonly number[]) {
  const clock = new VirtualClock();
  const shards = () => ids().map((id) => ({ shard: { id }, replicas: [] }));
  const access = { settings: { collection }, shards } as unknown as SharedReadParts["access"];
  return { clock, access };
}

describe("a read with the token of a shard that the map has not yet", () => {
  it("waits for the map", async () => {
    let ids = [0];
    const parts = mapped(() => ids);
    let isMapped = false;
    const wait = untilMapped(parts, countOf({ after: token })).then(() => (isMapped = true));
    await parts.clock.advance(50);
    expect(isMapped).toBe(false);
    ids = [3, 4];
    await parts.clock.advance(50);
    await wait;
  });

  it("is refused when the map comes too late", async () => {
    const parts = mapped(() => [0]);
    const wait = untilMapped(parts, countOf({ after: token, timeout_ms: 100 }));
    const refused = expect(wait).rejects.toMatchObject({ code: "TIMEOUT" });
    await parts.clock.advance(200);
    await refused;
  });
});

describe("a read by one map", () => {
  it("begins anew when a shard was split under it, and only then", async () => {
    let ids = [0, 1];
    const parts = mapped(() => ids);
    const answers = [new Error("closed"), "found"];
    const answer = await onOneMap(parts, () => {
      ids = [0, 2, 3];
      const next = answers.shift();
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    });
    expect(answer).toBe("found");
    await expect(onOneMap(parts, () => Promise.reject(new Error("broken")))).rejects.toThrow(
      "broken",
    );
  });
});
