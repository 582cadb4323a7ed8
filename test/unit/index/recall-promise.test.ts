/** What calibration promises, beside what queries get that are no rows of the index. */
import { describe, expect, it } from "vitest";
import { MemoryDisk, randomFraction, seededRandom } from "../../../src/base/index.js";
import {
  attachReader,
  openBuilder,
  ReplicaSearch,
  selectIndex,
  SharedRows,
} from "../../../src/index/index.js";
import { looseRows } from "../../conformance/index-fixture.js";

const dimension = 48;
const rowCount = 4000;
const axisCount = 12;

/** Rows that fill few of their directions, as those of most models do. */
function thinRows(count: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  const axes = looseRows(seededRandom(3), axisCount, dimension);
  const packed = new Float32Array(count * dimension);
  for (let row = 0; row < packed.length; row += dimension) {
    for (let axis = 0; axis < axes.length; axis += dimension) {
      const weight = randomFraction(random) - 0.5;
      for (let at = 0; at < dimension; at++) packed[row + at]! += weight * axes[axis + at]!;
    }
  }
  return packed;
}

/** An index of thin rows with few links, so that effort matters; measured. */
async function measured() {
  const rows = SharedRows.create({ dimension });
  rows.reserve(rowCount);
  rows.write(0, thinRows(rowCount, 11));
  rows.publish(rowCount);
  rows.commit(rowCount);
  const index = { type: "hnsw", engine: "shared", m: 4 } as const;
  const spec = selectIndex({ dimension, metric: "l2", index }, 0);
  const builder = await openBuilder({ spec, rows, directory: "", disk: new MemoryDisk() });
  while (builder.indexed < rowCount) await builder.add(500);
  while ((await builder.upkeep("quiet")) === "now");
  const publication = await builder.publish();
  if (publication.engine !== "shared") throw new Error("engine shared was asked for");
  const search = new ReplicaSearch(rows, await attachReader(publication, rows));
  return { builder, calibration: publication.calibration, search };
}

describe("the table of recall", () => {
  it("promises what queries get that are no rows", async () => {
    const { builder, calibration, search } = await measured();
    const packed = thinRows(300, 12);
    const queries = Array.from({ length: 300 }, (_, row) =>
      packed.slice(row * dimension, (row + 1) * dimension),
    );
    for (const { ef, recallAt10 } of calibration) {
      let found = 0;
      for (const query of queries) {
        const truth = search.search({ query, k: 10, exact: true, effort: {} }).hits.ordinals;
        const { ordinals } = search.search({ query, k: 10, effort: { ef } }).hits;
        for (const ordinal of truth) if (ordinals.includes(ordinal)) found++;
      }
      const recall = found / queries.length / 10;
      expect(recallAt10, `ef ${String(ef)}`).toBeLessThan(recall + 0.03);
      expect(recallAt10, `ef ${String(ef)}`).toBeGreaterThan(recall - 0.05);
    }
    await builder.close();
  });
});
