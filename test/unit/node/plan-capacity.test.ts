import { describe, expect, it } from "vitest";
import { planCapacity } from "../../../src/node/plan-capacity.js";
import type { CapacityRequest } from "../../../src/node/plan-capacity.js";

const gibibyte = 2 ** 30;
const request: CapacityRequest = {
  rows: 100_000_000,
  dimension: 768,
  metadataBytes: 200,
  replicationFactor: 3,
  memoryPerNodeBytes: 64 * gibibyte,
  index: "hnsw",
};

describe("planning capacity", () => {
  it.each(["hnsw", "ivf", "flat"] as const)("fits every replica into a node (%s)", (index) => {
    const plan = planCapacity({ ...request, index });
    expect(plan.shards * plan.rows_per_shard).toBeGreaterThanOrEqual(request.rows);
    expect(plan.memory_per_node_bytes).toBeLessThanOrEqual(64 * gibibyte);
    expect(plan.nodes * plan.memory_per_node_bytes).toBeGreaterThanOrEqual(plan.memory_bytes);
    const rows = request.rows * request.replicationFactor;
    expect(plan.memory_bytes).toBeGreaterThan(rows * request.dimension * 4);
    expect(plan.disk_bytes).toBeGreaterThan(rows * (request.dimension * 4 + 200));
  });

  it("keeps the index of a shard within one memory of 4 GiB", () => {
    const { rows_per_shard, bytes_per_row } = planCapacity(request);
    const { index_codes_memory, index_links_memory } = bytes_per_row;
    expect(rows_per_shard * (index_codes_memory + index_links_memory)).toBeLessThan(4 * gibibyte);
  });

  it("gives four bytes to each component where nothing is quantised", () => {
    const codes = planCapacity(request).bytes_per_row.index_codes_memory;
    const floats = planCapacity({ ...request, quantization: "none" }).bytes_per_row;
    expect(floats.index_codes_memory - codes).toBe(3 * 768);
    expect(() => planCapacity({ ...request, index: "ivf", quantization: "none" })).toThrow("int8");
  });

  it("needs a node for each copy, however few rows", () => {
    expect(planCapacity({ ...request, rows: 10 })).toMatchObject({ shards: 1, nodes: 3 });
  });

  it("refuses nodes too small for any row", () => {
    const tiny = { ...request, memoryPerNodeBytes: 2 ** 29 };
    expect(() => planCapacity(tiny)).toThrow("holds no row");
  });
});
