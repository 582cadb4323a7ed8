import { describe, expect, it } from "vitest";
import { loadActorModules } from "../../sim/actor-modules.js";
import { clusterWorld } from "../../sim/cluster-world.js";
import { runSeed } from "../../sim/run-seed.js";

const load = await loadActorModules();
const seeds = 2;
const makeWorld = clusterWorld({ load, nodes: 3, shards: 1, replicas: 3 });

describe("three nodes with a replica each", () => {
  it(`keep their promises through faults, over ${seeds} seeds`, { timeout: 60_000 }, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations, trace } = await runSeed({ seed, makeWorld });
      expect(violations, `seed ${seed}\n${trace.lines.join("\n")}`).toEqual([]);
    }
  });

  it("do the same from the same seed", { timeout: 60_000 }, async () => {
    const hashes: string[] = [];
    for (const seed of [2, 2, 3]) {
      hashes.push((await runSeed({ seed, makeWorld, operations: 30 })).trace.hash());
    }
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });
});
