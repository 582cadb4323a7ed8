/**
 * What holds for every index: the same answers as a plain float64 model where it says "exact", nearly
 * the same where it does not, never fewer than there are, before, while and after it is built,
 * deleted from, filtered, closed and opened again.
 */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { randomBelow, randomFraction, seededRandom } from "../../src/base/index.js";
import {
  AllowList,
  attachReader,
  metrics,
  type IndexBuilder,
  type IndexSpec,
  type Metric,
} from "../../src/index/index.js";
import { describeUnusualRows, efforts, type OpenReplica } from "./index-rows.js";
import { clusteredRows, looseRows, queryNear, Replica, someOf } from "./index-fixture.js";

export interface IndexUnderTest {
  readonly name: string;
  spec(metric: Metric, dimension: number): IndexSpec;
  /** What is done each time before an index is published, such as moving rows between lists. */
  settle?(builder: IndexBuilder): Promise<void>;
}

export function describeIndex(index: IndexUnderTest): void {
  describe(`index ${index.name}`, () => {
    const opened: Replica[] = [];
    const openReplica = async (metric: Metric, dimension: number): Promise<Replica> => {
      const settle = index.settle?.bind(index);
      const replica = await Replica.open(index.spec(metric, dimension), settle);
      opened.push(replica);
      return replica;
    };
    afterEach(async () => {
      for (const replica of opened.splice(0)) await replica.close();
    });
    describeSizes(openReplica);
    describeUnusualRows(openReplica);
    describeContents(openReplica);
    describeFilters(openReplica);
    describeSnapshots(openReplica);
    describeHistories(openReplica);
  });
}

function describeSizes(openReplica: OpenReplica): void {
  describe.each(metrics)("%s", (metric) => {
    it.each(efforts)("finds nothing in nothing, and the only row in one (%j)", async (effort) => {
      const replica = await openReplica(metric, 5);
      const query = Float32Array.of(1, 2, 3, 4, 5);
      expect(replica.check({ query, k: 10, effort }).answer.hits.ordinals).toHaveLength(0);
      replica.append(Float32Array.of(5, 4, 3, 2, 1));
      for (const step of ["fresh", "indexed"]) {
        const { answer } = replica.check({ query, k: 10, effort });
        expect([...answer.hits.ordinals], step).toEqual([0]);
        await replica.build();
      }
    });

    it.each([1, 3, 17, 128, 784, 4096])("agrees with the model at dimension %i", async (size) => {
      const random = seededRandom(size);
      const replica = await openReplica(metric, size);
      replica.append(clusteredRows(random, 400, size));
      await replica.build(300);
      expect(replica.reader.indexed).toBe(300);
      let recall = 0;
      for (let round = 0; round < 3; round++) {
        const query = queryNear(random, replica.vectors[randomBelow(random, 400)]!);
        for (const k of [1, 10, 1000]) {
          for (const effort of efforts) recall += replica.check({ query, k, effort }).recall;
          expect(replica.check({ query, k, effort: {}, exact: true }).answer.exact).toBe(true);
        }
      }
      expect(recall / (3 * 3 * efforts.length)).toBeGreaterThanOrEqual(0.95);
    });
  });
}

function describeContents(openReplica: OpenReplica): void {
  it("answers in another metric than its own, exactly", async () => {
    const random = seededRandom(3);
    const replica = await openReplica("cosine", 24);
    replica.append(clusteredRows(random, 2000, 24));
    await replica.build(1500);
    for (const metric of metrics) {
      const query = queryNear(random, replica.vectors[77]!);
      const { answer } = replica.check({ query, k: 20, effort: {}, metric });
      if (metric !== "cosine") expect(answer.exact).toBe(true);
    }
  });

  it.each(metrics)("leaves out rows farther than asked for (%s)", async (metric) => {
    const random = seededRandom(4);
    const replica = await openReplica(metric, 24);
    replica.append(clusteredRows(random, 2000, 24));
    await replica.build(1800);
    const query = queryNear(random, replica.vectors[5]!);
    const { hits } = replica.search({ query, k: 50, effort: {}, exact: true });
    const maxDistance = hits.distances[19]!;
    for (const effort of [...efforts, { recall: 1 }]) {
      const near = replica.search({ query, k: 50, effort, maxDistance }).hits;
      expect([...near.ordinals].every((ordinal) => hits.ordinals.includes(ordinal))).toBe(true);
      expect(Math.max(...near.distances)).toBeLessThanOrEqual(maxDistance);
      if (effort.recall === 1) expect(near.ordinals).toEqual(hits.ordinals.slice(0, 20));
    }
  });

  it.each(metrics)("finds 95 % of the nearest by default (%s)", async (metric) => {
    const random = seededRandom(5);
    const replica = await openReplica(metric, 32);
    replica.append(clusteredRows(random, 6000, 32, 40));
    await replica.build(5500);
    for (const k of [10, 100]) {
      let found = 0;
      for (let round = 0; round < 50; round++) {
        const query = queryNear(random, replica.vectors[randomBelow(random, 6000)]!, 0.2);
        found += replica.check({ query, k, effort: {} }).recall;
      }
      expect(found / 50).toBeGreaterThanOrEqual(0.95);
    }
  });

  it("forgets the deleted at once, one by one and by the cluster", async () => {
    const random = seededRandom(6);
    const replica = await openReplica("l2", 12);
    replica.append(clusteredRows(random, 3000, 12, 10));
    await replica.build(2500);
    const query = queryNear(random, replica.vectors[3]!);
    const nearest = replica.search({ query, k: 5, effort: {}, exact: true }).hits.ordinals;
    replica.delete([...nearest]);
    for (const effort of efforts) replica.check({ query, k: 5, effort });
    replica.delete([...replica.vectors.keys()].filter((o) => o % 10 === 3 && !replica.dead.has(o)));
    for (const effort of efforts) replica.check({ query, k: 200, effort });
    await replica.build();
    for (const effort of efforts) replica.check({ query, k: 200, effort });
    replica.delete([...replica.vectors.keys()].filter((o) => !replica.dead.has(o)));
    for (const effort of efforts) replica.check({ query, k: 200, effort });
  });
}

function describeFilters(openReplica: OpenReplica): void {
  it("finds all that a filter admits, whatever it admits", async () => {
    const random = seededRandom(7);
    const rows = 12_000;
    const replica = await openReplica("l2", 8);
    replica.append(clusteredRows(random, rows, 8, 5));
    await replica.build(11_500);
    replica.delete(someOf(random, 300, rows));
    const filters: Readonly<Record<string, (ordinal: number) => boolean>> = {
      none: () => false,
      one: (ordinal) => ordinal === 4711,
      "1 %": () => randomFraction(random) < 0.01,
      "50 %": () => randomFraction(random) < 0.5,
      "three clusters of five": (ordinal) => ordinal % 5 < 3,
      "all but the nearest cluster": (ordinal) => ordinal % 5 !== 0,
      "only fresh rows": (ordinal) => ordinal >= 11_500,
    };
    for (const [name, admits] of Object.entries(filters)) {
      const allow = AllowList.of([...Array(rows).keys()].filter(admits), rows);
      let found = 0;
      for (let round = 0; round < 20; round++) {
        // Cluster 0 is the one that some filters leave out: the query lies far from what they admit.
        const query = queryNear(random, replica.vectors[5 * randomBelow(random, 2000)]!);
        const effort = efforts[round % 2]!;
        found += replica.check({ query, k: 10, effort, allow }).recall;
      }
      expect(found / 20, name).toBeGreaterThanOrEqual(0.95);
    }
  });

  it("stops when told to", async () => {
    const replica = await openReplica("l2", 8);
    replica.append(looseRows(seededRandom(8), 100, 8));
    await replica.build();
    const stop = { query: new Float32Array(8), k: 3, shouldStop: () => true };
    for (const effort of efforts) {
      expect(() => replica.search({ ...stop, effort })).toThrow(
        expect.objectContaining({ code: "TIMEOUT" }),
      );
    }
  });
}

function describeSnapshots(openReplica: OpenReplica): void {
  it("publishes the same again while nothing changes", async () => {
    const replica = await openReplica("l2", 6);
    replica.append(looseRows(seededRandom(9), 50, 6));
    await replica.builder.add(30);
    const first = await replica.builder.publish();
    expect(await replica.builder.publish()).toEqual(first);
    await replica.builder.add(30);
    const second = await replica.builder.publish();
    expect(second.generation).toBeGreaterThan(first.generation);
    expect([first.indexed, second.indexed]).toEqual([30, 50]);
    expect(structuredClone(second)).toEqual(second);
  });

  it("serves the older publication while a newer one is made", async () => {
    const random = seededRandom(10);
    const replica = await openReplica("cosine", 6);
    replica.append(looseRows(random, 200, 6));
    await replica.build(100);
    await replica.builder.add(100);
    const publication = await replica.builder.publish();
    for (const effort of efforts) replica.check({ query: replica.vectors[150]!, k: 5, effort });
    expect(replica.reader.indexed).toBe(100);
    const other = await attachReader(publication, replica.rows);
    expect(other.indexed).toBe(200);
    other.close();
  });

  it("goes on after a restart, with whatever the directory still holds", async () => {
    const random = seededRandom(11);
    const replica = await openReplica("cosine", 10);
    replica.append(clusteredRows(random, 1500, 10));
    await replica.build(800);
    replica.delete([1, 2, 3]);
    await replica.build(400);
    const damages: readonly ((path: string) => Promise<void>)[] = [
      () => Promise.resolve(),
      (path) => writeFile(path, "not a snapshot"),
      (path) => writeFile(path, ""),
    ];
    for (const damage of damages) {
      await replica.builder.close();
      for (const name of await readdir(replica.directory)) {
        await damage(join(replica.directory, name));
      }
      await replica.openBuilder();
      while ((await replica.builder.add(700)) > 0);
      expect(replica.builder.indexed).toBe(1500);
      await replica.build();
      for (const effort of efforts) {
        const query = queryNear(random, replica.vectors[2]!);
        expect(replica.check({ query, k: 10, effort }).recall).toBeGreaterThanOrEqual(0.9);
      }
    }
  });
}

function describeHistories(openReplica: OpenReplica): void {
  const seeds = [1, 2, 3, 4, 5, Number(process.env["DVESP_SEED"] ?? Date.now() % 1_000_000)];
  it.each(seeds)("agrees with the model through a random history (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const metric = metrics[randomBelow(random, 3)]!;
    const dimension = 1 + randomBelow(random, 20);
    const replica = await openReplica(metric, dimension);
    replica.append(clusteredRows(random, 20, dimension, 3));
    let recall = 0;
    let searches = 0;
    for (let step = 0; step < 150; step++) {
      const rows = replica.vectors.length;
      switch (randomBelow(random, 7)) {
        case 0:
          replica.append(clusteredRows(random, 1 + randomBelow(random, 80), dimension, 3));
          break;
        case 1:
          replica.delete(someOf(random, randomBelow(random, 8), rows));
          break;
        case 2:
          await replica.builder.add(randomBelow(random, 100));
          break;
        case 3:
          await replica.build(randomBelow(random, 100));
          break;
        case 4:
          if (randomBelow(random, 4) > 0) break;
          await replica.builder.close();
          await replica.openBuilder();
          break;
        default: {
          const query = queryNear(random, replica.vectors[randomBelow(random, rows)]!);
          const share = randomFraction(random);
          const allow =
            randomBelow(random, 2) === 0
              ? AllowList.of(someOf(random, Math.floor(rows * share), rows), rows)
              : undefined;
          const effort = efforts[randomBelow(random, 2)]!;
          recall += replica.check({ query, k: 1 + randomBelow(random, 40), effort, allow }).recall;
          searches++;
        }
      }
    }
    expect(recall / searches).toBeGreaterThanOrEqual(0.95);
  });
}
