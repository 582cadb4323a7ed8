import { describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../../src/base/index.js";
import { AllowList, ExactScanner, metrics, SharedRows } from "../../../src/index/index.js";
import { looseRows, tolerance, trueDistance } from "../../conformance/index-fixture.js";

function scannerOf(packed: Float32Array, dimension: number): ExactScanner {
  const rows = SharedRows.create({ dimension });
  rows.reserve(packed.length / dimension);
  rows.write(0, packed);
  rows.publish(packed.length / dimension);
  return new ExactScanner(rows);
}

describe("ExactScanner", () => {
  it.each(metrics)("computes what float64 computes, at every dimension to 70 (%s)", (metric) => {
    const random = seededRandom(1);
    for (let dimension = 1; dimension <= 70; dimension++) {
      const packed = looseRows(random, 30, dimension);
      const query = looseRows(random, 1, dimension);
      const scanner = scannerOf(packed, dimension);
      const hits = scanner.scan({ query, metric, k: 30 }, { from: 0, to: 30 });
      hits.ordinals.forEach((ordinal, at) => {
        const row = packed.slice(ordinal * dimension, (ordinal + 1) * dimension);
        const error = Math.abs(hits.distances[at]! - trueDistance(metric, query, row));
        expect(error).toBeLessThanOrEqual(tolerance(metric, query, row));
      });
    }
  });

  it("tells near duplicates apart, far from the origin", () => {
    const query = new Float32Array(100).fill(1000);
    const packed = new Float32Array(300).fill(1000);
    packed[0] = 1000.25;
    packed[100] = 1000.125;
    const hits = scannerOf(packed, 100).scan({ query, metric: "l2", k: 3 }, { from: 0, to: 3 });
    expect([...hits.ordinals]).toEqual([2, 1, 0]);
    expect([...hits.distances]).toEqual([0, 0.125, 0.25]);
  });

  it("stays finite and in order where float32 overflows or vanishes", () => {
    const sizes = [1e-44, 1e-30, 1e-19, 1, 1e19, 1e30, 3e38];
    const packed = Float32Array.from(sizes.flatMap((size) => [size, -size, size / 2, size, 0]));
    const scanner = scannerOf(packed, 5);
    const range = { from: 0, to: sizes.length };
    for (const metric of metrics) {
      for (const size of sizes) {
        const query = Float32Array.of(size, size / 3, 0, size, -size);
        const { ordinals, distances } = scanner.scan({ query, metric, k: 10 }, range);
        expect(ordinals).toHaveLength(sizes.length);
        ordinals.forEach((ordinal, at) => {
          const row = packed.slice(ordinal * 5, ordinal * 5 + 5);
          const limit = 3.4028234663852886e38;
          const truth = Math.min(limit, Math.max(-limit, trueDistance(metric, query, row)));
          // Denormal components carry few bits, so that their direction does too.
          const slack = metric === "cosine" ? 1e-5 : 1e-5 * Math.abs(truth) + 1e-44;
          expect(
            Math.abs(distances[at]! - truth),
            `${metric} ${size} ${ordinal}`,
          ).toBeLessThanOrEqual(slack);
        });
      }
    }
  });

  it("breaks ties by ordinal, in ranges and lists, over many blocks", () => {
    const count = 10_000;
    const packed = Float32Array.from({ length: count }, (_, row) => (row % 10) + 1);
    const scanner = scannerOf(packed, 1);
    const target = { query: Float32Array.of(1), metric: "l2", k: 1500 } as const;
    const expected = Array.from({ length: count }, (_, row) => row).sort(
      (left, right) => (left % 10) - (right % 10) || left - right,
    );
    const all = scanner.scan(target, { from: 0, to: count });
    expect([...all.ordinals]).toEqual(expected.slice(0, 1500));
    const backwards = Uint32Array.from({ length: count }, (_, index) => count - 1 - index);
    expect(scanner.rank(target, backwards)).toEqual(all);
  });

  it("scans just the range, the admitted, the living, and what is near enough", () => {
    const random = seededRandom(2);
    const count = 9000;
    const packed = looseRows(random, count, 3);
    const scanner = scannerOf(packed, 3);
    for (let death = 0; death < 500; death++) scanner.rows.markDead(randomBelow(random, count));
    for (const share of [0, 0.0005, 0.01, 0.2, 0.3, 0.9, 1]) {
      const admitted = [...Array(count).keys()].filter(
        () => randomBelow(random, 10_000) < share * 10_000,
      );
      const allow = AllowList.of(admitted, count);
      const from = randomBelow(random, 4000);
      const to = 5000 + randomBelow(random, 4000);
      const query = looseRows(random, 1, 3);
      const wanted = admitted
        .filter((ordinal) => ordinal >= from && ordinal < to && !scanner.rows.isDead(ordinal))
        .map((ordinal) => ({
          ordinal,
          distance: trueDistance("l2", query, packed.slice(ordinal * 3, ordinal * 3 + 3)),
        }))
        .filter(({ distance }) => distance <= 1.5)
        .sort((left, right) => left.distance - right.distance);
      const target = { query, metric: "l2", k: 50, maxDistance: 1.5 } as const;
      const hits = scanner.scan(target, { from, to, allow });
      expect([...hits.ordinals]).toEqual(wanted.slice(0, 50).map(({ ordinal }) => ordinal));
    }
  });

  it("ends as TIMEOUT when told to stop between blocks", () => {
    const scanner = scannerOf(new Float32Array(20_000), 1);
    let asked = 0;
    const target = {
      query: Float32Array.of(1),
      metric: "l2",
      k: 1,
      shouldStop: () => ++asked === 3,
    } as const;
    expect(() => scanner.scan(target, { from: 0, to: 20_000 })).toThrow(
      expect.objectContaining({ code: "TIMEOUT" }),
    );
    expect(asked).toBe(3);
  });

  it("refuses a query of another dimension", () => {
    const scanner = scannerOf(new Float32Array(8), 4);
    const target = { query: new Float32Array(3), metric: "l2", k: 1 } as const;
    expect(() => scanner.scan(target, { from: 0, to: 2 })).toThrow("dimension");
  });
});
