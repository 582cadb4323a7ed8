import { describe, expect, it } from "vitest";
import { attachReader, ReplicaSearch, selectIndex, SharedRows } from "../../../src/index/index.js";

const spec = selectIndex({ dimension: 1, metric: "l2", index: { type: "flat" } }, 0);

describe("ReplicaSearch", () => {
  it("searches again when rows were taken back meanwhile", async () => {
    const rows = SharedRows.create({ dimension: 1 });
    rows.reserve(4);
    rows.write(0, Float32Array.of(1, 2, 3, 4));
    rows.publish(4);
    if (spec.type !== "flat") throw new Error("a flat index");
    const publication = { engine: "flat", spec, generation: 1, indexed: 2 } as const;
    const search = new ReplicaSearch(rows, await attachReader(publication, rows));
    let isFirst = true;
    const shouldStop = (): boolean => {
      if (isFirst) {
        isFirst = false;
        rows.truncate(2);
        rows.write(2, Float32Array.of(30));
        rows.publish(3);
      }
      return false;
    };
    const query = { query: Float32Array.of(3), k: 4, effort: {}, shouldStop };
    const { hits, fresh, indexed } = search.search(query);
    expect([...hits.ordinals]).toEqual([1, 0, 2]);
    expect([...hits.distances]).toEqual([1, 2, 27]);
    expect([indexed, fresh]).toEqual([2, 1]);
  });
});
