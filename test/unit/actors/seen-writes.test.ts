import { describe, expect, it } from "vitest";
import { seenWrites } from "../../../src/actors/searcher/seen-writes.js";
import { encodeStanding, noStanding } from "../../../src/actors/replica/standing.js";

const pointOf = (version: string, operation_id = "o:other") => ({
  ...{ version, operation_id, collection: "c", shards: [0] },
});

function seen(point: ReturnType<typeof pointOf>, isOnlyReplica: boolean, converged?: string) {
  const snapshot = {
    appliedVersion: "0005",
    standing: converged === undefined ? undefined : encodeStanding({ ...noStanding, converged }),
    operation: (key: string) => (key === "o:here" ? new Uint8Array(1) : undefined),
  };
  return seenWrites(snapshot, [point], 0, isOnlyReplica)[0];
}

describe("a write is seen", () => {
  it("by the only replica once its newest version is as new", () => {
    expect(seen(pointOf("0005"), true)).toBe(true);
    expect(seen(pointOf("0006"), true)).toBe(false);
  });

  it("by one of several when it has the record, whatever else it has", () => {
    expect(seen(pointOf("0004"), false)).toBe(false);
    expect(seen(pointOf("0009", "o:here"), false)).toBe(true);
  });

  it("by one of several when all have everything up to it", () => {
    expect(seen(pointOf("0004"), false, "0004")).toBe(true);
    expect(seen(pointOf("0005"), false, "0004")).toBe(false);
  });
});
