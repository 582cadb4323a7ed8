import { describe, expect, it } from "vitest";
import { loadActorModules } from "../../sim/actor-modules.js";
import { clusterWorld } from "../../sim/cluster-world.js";
import { runSeed } from "../../sim/run-seed.js";

const load = await loadActorModules();
const seeds = 4;
const makeWorld = clusterWorld({ load, nodes: 1, shards: 1, replicas: 1 });

describe("a node of a cluster", () => {
  it(`keeps its promises while links and the cluster store fail, over ${seeds} seeds`, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations, trace } = await runSeed({ seed, makeWorld });
      expect(violations, `seed ${seed}\n${trace.lines.join("\n")}`).toEqual([]);
    }
  });

  it("does the same from the same seed", async () => {
    const hashes: string[] = [];
    for (const seed of [2, 2, 3]) hashes.push((await runSeed({ seed, makeWorld })).trace.hash());
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });
});
