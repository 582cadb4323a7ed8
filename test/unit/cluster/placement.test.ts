import { describe, expect, it } from "vitest";
import { placeShard } from "../../../src/cluster/index.js";

const nodes = ["n1", "n2", "n3", "n4", "n5"];
const shards = Array.from({ length: 500 }, (_, shard) => shard);

describe("placement", () => {
  it("gives each shard as many nodes as asked for, and no more than there are", () => {
    expect(new Set(placeShard("docs", 0, nodes, 3)).size).toBe(3);
    expect(placeShard("docs", 0, ["n1"], 3)).toEqual(["n1"]);
    expect(placeShard("docs", 0, [], 3)).toEqual([]);
  });

  it("does not depend on the order of the nodes", () => {
    for (const shard of shards) {
      expect(placeShard("docs", shard, [...nodes].reverse(), 2)).toEqual(
        placeShard("docs", shard, nodes, 2),
      );
    }
  });

  it("spreads shards evenly, and differently for each collection", () => {
    const held = new Map(nodes.map((node) => [node, 0]));
    for (const shard of shards) {
      for (const node of placeShard("docs", shard, nodes, 2)) held.set(node, held.get(node)! + 1);
    }
    for (const count of held.values()) expect(Math.abs(count - 200)).toBeLessThan(50);
    const same = shards.filter(
      (shard) => placeShard("a", shard, nodes, 1)[0] === placeShard("b", shard, nodes, 1)[0],
    );
    expect(same.length).toBeLessThan(160);
  });

  it("moves nothing between nodes that stay", () => {
    const fewer = nodes.filter((node) => node !== "n3");
    for (const shard of shards) {
      const before = placeShard("docs", shard, nodes, 2);
      const after = placeShard("docs", shard, fewer, 2);
      for (const node of before) if (node !== "n3") expect(after).toContain(node);
      if (!before.includes("n3")) expect(after).toEqual(before);
    }
  });
});
