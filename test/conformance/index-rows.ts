/** What holds for every index of rows that are unlike most: a single one, duplicates, zeros. */
import { expect, it } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { metrics, type Metric, type SearchEffort } from "../../src/index/index.js";
import { looseRows, queryNear, type Replica } from "./index-fixture.js";

export type OpenReplica = (metric: Metric, dimension: number) => Promise<Replica>;

/**
 * The index's own choice, and an approximate search even where there are so few rows that it would
 * scan. Indexes leave out of account what is not for them.
 */
export const efforts: readonly SearchEffort[] = [{}, { ef: 100, nprobe: 25 }];

/** Long vectors have sketches in engine `shared`, short ones have not. */
const shortAndLong = metrics.flatMap((metric) => [16, 128].map((size) => ({ metric, size })));

const leastAndMost = metrics.flatMap((metric) => [1, 4096].map((size) => ({ metric, size })));

export function describeUnusualRows(openReplica: OpenReplica): void {
  it.each(leastAndMost)("keeps one row ($metric, $size d), and forgets it", async (kind) => {
    const { metric, size } = kind;
    const random = seededRandom(size);
    const replica = await openReplica(metric, size);
    replica.append(looseRows(random, 1, size));
    await replica.build();
    const query = looseRows(random, 1, size);
    const found = (): number[][] =>
      efforts.map((effort) => [...replica.check({ query, k: 3, effort }).answer.hits.ordinals]);
    expect(found()).toEqual([[0], [0]]);
    await replica.builder.close();
    await replica.openBuilder();
    await replica.build();
    expect([replica.reader.indexed, found()]).toEqual([1, [[0], [0]]]);
    replica.delete([0]);
    expect(found()).toEqual([[], []]);
    replica.append(looseRows(random, 1, size));
    await replica.build();
    expect(found()).toEqual([[1], [1]]);
  });

  it.each(shortAndLong)("takes duplicates by the thousand ($metric, $size d)", async (kind) => {
    const { metric, size } = kind;
    const random = seededRandom(1);
    const replica = await openReplica(metric, size);
    const kinds = looseRows(random, 3, size);
    const packed = new Float32Array(3000 * size);
    for (let row = 0; row < 3000; row++) {
      packed.set(kinds.subarray((row % 3) * size, (row % 3) * size + size), row * size);
    }
    replica.append(packed);
    await replica.build();
    for (const effort of efforts) {
      for (const k of [5, 50, 1000]) {
        const query = queryNear(random, kinds.slice(0, size));
        const { recall } = replica.check({ query, k, effort });
        // All that are alike: hnswlib does not come to the last of them, engine `shared` to nearly all.
        if (k < 1000) expect(recall).toBe(1);
      }
    }
  });

  it.each(shortAndLong)(
    "takes zero vectors, and asks with one ($metric, $size d)",
    async (kind) => {
      const { metric, size } = kind;
      const random = seededRandom(2);
      const replica = await openReplica(metric, size);
      // Nothing but zeros at first: so is what they are centred by.
      replica.append(new Float32Array(30 * size));
      await replica.build();
      const zero = new Float32Array(size);
      for (const effort of efforts) replica.check({ query: zero, k: 10, effort });
      replica.append(looseRows(random, 300, size));
      replica.append(new Float32Array(1000 * size));
      await replica.build();
      for (const effort of efforts) {
        for (const k of [10, 40, 1100]) {
          replica.check({ query: zero, k, effort });
          replica.check({ query: looseRows(random, 1, size), k, effort });
        }
      }
    },
  );
}
