import { describe, expect, it } from "vitest";
import { MemoryStorage } from "../../../src/storage/index.js";
import type { Random } from "../../../src/base/index.js";
import { loadActorModules } from "../../sim/actor-modules.js";
import { runSeed } from "../../sim/run-seed.js";
import { singleWorld } from "../../sim/single-world.js";

const load = await loadActorModules();
const seeds = 10;

/** Says that data is on disk when it is not: a power cut takes the last commit away. */
class ForgetfulStorage extends MemoryStorage {
  #durable = this.tables;

  constructor() {
    super();
    this.tables.onCommit = ({ when }) => {
      if (when === "before") this.#durable = this.tables.crash();
    };
  }

  override crash(random: Random): MemoryStorage {
    return new MemoryStorage(this.disk.crash(random), this.#durable.crash());
  }
}

describe("a node of its own", () => {
  it(`keeps its promises through faults, over ${seeds} seeds`, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations, trace } = await runSeed({ seed, makeWorld: singleWorld({ load }) });
      expect(violations, `seed ${seed}\n${trace.lines.join("\n")}`).toEqual([]);
    }
  });

  it("does the same from the same seed", async () => {
    const hashes: string[] = [];
    for (const seed of [3, 3, 4]) {
      const { trace } = await runSeed({ seed, makeWorld: singleWorld({ load }) });
      hashes.push(trace.hash());
    }
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  it("is caught when it acknowledges before data is on disk", async () => {
    const found = new Set<string>();
    const makeWorld = singleWorld({ load, makeStorage: () => new ForgetfulStorage() });
    for (let seed = 1; seed <= 20; seed++) {
      for (const { check } of (await runSeed({ seed, makeWorld })).violations) found.add(check);
    }
    expect([...found]).toContain("lost_write");
  });
});
