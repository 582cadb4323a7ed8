import { describe, expect, it } from "vitest";
import type { IndexPublication } from "../../../src/index/index.js";
import { keepsPromise } from "../../../src/actors/searcher/promised-recall.js";

/** A graph for a recall of .98 whose largest effort was measured to find `recallAt10`. */
const graph = (recallAt10: number): IndexPublication => ({
  engine: "hnswlib",
  spec: {
    ...{ type: "hnsw", engine: "hnswlib", dimension: 4, metric: "dot_product" },
    ...{ m: 16, efConstruction: 100, recall: 0.98 },
  },
  generation: 1,
  indexed: 100_000,
  calibration: [
    { ef: 12, recallAt10: recallAt10 / 2, recallAt100: 0 },
    { ef: 1024, recallAt10, recallAt100: recallAt10 },
  ],
  path: "/nowhere",
});

describe("keepsPromise", () => {
  it.each([
    [0.99, {}, true],
    [0.965, {}, true],
    [0.955, {}, false],
    [0.64, {}, false],
    [0.955, { recall: 0.95 }, true],
    [0.64, { recall: 0.8 }, true],
    [0.999, { recall: 1 }, false],
    [0.64, { ef: 50 }, true],
    [0.64, { nprobe: 5 }, true],
  ])("of a graph that finds %d, asked for %o: %s", (recall, effort, isKept) => {
    expect(keepsPromise(graph(recall), effort)).toBe(isKept);
  });
});
