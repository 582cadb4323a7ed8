import { describe, expect, it } from "vitest";
import { autoHnswRows, selectIndex, type IndexChoice } from "../../../src/index/index.js";

const select = (index: IndexChoice, rows = 0): unknown =>
  selectIndex({ dimension: 8, metric: "cosine", index }, rows);

describe("selectIndex", () => {
  it("fills in defaults and keeps what was chosen", () => {
    expect(select({ type: "flat" })).toEqual({
      type: "flat",
      engine: "flat",
      dimension: 8,
      metric: "cosine",
    });
    expect(select({ type: "hnsw" })).toMatchObject({ m: 16, efConstruction: 100, recall: 0.98 });
    expect(
      select({ type: "hnsw", engine: "hnswlib", m: 8, ef_construction: 50, recall: 0.9 }),
    ).toMatchObject({ engine: "hnswlib", m: 8, efConstruction: 50, recall: 0.9 });
  });

  it("chooses engine shared, over int8 codes unless float32 is asked for", () => {
    expect(select({ type: "hnsw" })).toMatchObject({ engine: "shared", quantization: "int8" });
    expect(select({ type: "hnsw", quantization: "int8" })).toMatchObject({ engine: "shared" });
    const floats = { engine: "shared", quantization: "none" } as const;
    expect(select({ type: "hnsw", quantization: "none" })).toMatchObject(floats);
    expect(select({ type: "hnsw", ...floats })).toMatchObject(floats);
  });

  it("makes lists of int8 codes", () => {
    expect(select({ type: "ivf", lists: 100, quantization: "int8", recall: 0.9 })).toEqual({
      type: "ivf",
      engine: "ivf",
      dimension: 8,
      metric: "cosine",
      lists: 100,
      recall: 0.9,
    });
  });

  it("changes from flat to HNSW as a collection on auto grows", () => {
    expect(select({ type: "auto" }, autoHnswRows - 1)).toMatchObject({ type: "flat" });
    expect(select({ type: "auto", m: 8 }, autoHnswRows)).toMatchObject({ type: "hnsw", m: 8 });
  });

  it.each([
    [{ type: "ivf", quantization: "none" }, "index.quantization"],
    [{ type: "ivf", lists: 65_536 }, "index.lists"],
    [{ type: "hnsw", engine: "hnswlib", quantization: "int8" }, "index.quantization"],
  ] as const)("refuses what no engine offers: %j", (index, field) => {
    expect(() => select(index)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    );
  });
});
