import { describe, expect, it, vi } from "vitest";
import { randomFraction, seededRandom } from "../../../src/base/index.js";
import type { Random } from "../../../src/base/index.js";
import { ExactScanner, metrics, SharedRows } from "../../../src/index/index.js";
import { FreshCodes } from "../../../src/index/fresh-codes.js";
import { FreshScanner } from "../../../src/index/fresh-scanner.js";
import { sharedRowsOf } from "../../conformance/index-fixture.js";

const seed = 11;
/** More than get codes at once. */
const rowCount = 4500;
const bytesMin = 64 * 1024;

function manyRows(dimension: number, component: (at: number) => number): Float32Array {
  return Float32Array.from({ length: rowCount * dimension }, (_, at) => component(at));
}

const wave = (random: Random): number => randomFraction(random) * 2 - 1;

const kinds: Readonly<Record<string, (random: Random) => (at: number) => number>> = {
  noise: (random) => () => wave(random),
  "few levels": (random) => () => Math.round(wave(random) * 2),
  "one large component in fifty": (random) => (at) => (at % 50 === 0 ? 40 : 1) * wave(random),
  "far from the origin": (random) => () => 100 + wave(random),
  "of all sizes": (random) => () => wave(random) * 10 ** Math.round(wave(random) * 12),
  "too small and too large, some zero": (random) => (at) =>
    wave(random) * ([1, 1e-20, 1e18, 0, 1e-36][Math.floor(at / 1000) % 5] ?? 1),
};

/** Searches until every row has codes, and a few more; each must find what a scan finds. */
function compare(rows: SharedRows, queries: readonly Float32Array[], k: number): void {
  const scanner = new ExactScanner(rows);
  const range = { from: 100, to: rows.written };
  for (const metric of metrics) {
    const fresh = new FreshScanner(scanner, bytesMin);
    for (const query of queries) {
      const target = { query, metric, k };
      expect(fresh.scan(target, range)).toEqual(scanner.scan(target, range));
    }
  }
}

describe("FreshScanner", () => {
  it.each(Object.keys(kinds))("finds what comparing with all rows finds (%s)", (kind) => {
    const random = seededRandom(seed);
    const dimension = 131;
    const component = kinds[kind]!(random);
    const packed = manyRows(dimension, component);
    const rows = sharedRowsOf(dimension, packed);
    for (let ordinal = 0; ordinal < rows.written; ordinal += 7) rows.markDead(ordinal);
    const queries = Array.from({ length: 8 }, (_, index) =>
      index % 2 === 0
        ? Float32Array.from({ length: dimension }, (_, at) => component(at))
        : packed.slice(index * 297 * dimension, (index * 297 + 1) * dimension),
    );
    compare(rows, [...queries, new Float32Array(dimension)], 10);
  });

  it.each([4, 64, 1000])("does so at %i dimensions, and within a distance", (dimension) => {
    const random = seededRandom(seed);
    const packed = manyRows(dimension, () => wave(random));
    const rows = sharedRowsOf(dimension, packed);
    const query = Float32Array.from({ length: dimension }, () => wave(random));
    compare(rows, [query, query], 1);
    const scanner = new ExactScanner(rows);
    const fresh = new FreshScanner(scanner, bytesMin);
    const range = { from: 0, to: rows.written };
    const far = scanner.scan({ query, metric: "cosine", k: 5 }, range).distances[3]!;
    const target = { query, metric: "cosine", k: 5, maxDistance: far } as const;
    for (let time = 0; time < 3; time++) {
      expect(fresh.scan(target, range)).toEqual(scanner.scan(target, range));
    }
  });
});

describe("codes", () => {
  it("stay while the fresh rows are somewhat fewer, and go when the index has caught up", () => {
    const random = seededRandom(seed);
    const dimension = 64;
    const rows = sharedRowsOf(
      dimension,
      manyRows(dimension, () => wave(random)),
    );
    const scanner = new ExactScanner(rows);
    const fresh = new FreshScanner(scanner, bytesMin);
    const target = { query: new Float32Array(dimension).fill(0.5), metric: "l2", k: 3 } as const;
    const fewest = bytesMin / rows.layout.stride;
    const create = vi.spyOn(FreshCodes, "create");
    const made = [1, 0.5, 1, 0.2, 0.9, 1].map((share) => {
      const range = { from: rows.written - Math.ceil(share * fewest), to: rows.written };
      expect(fresh.scan(target, range)).toEqual(scanner.scan(target, range));
      return create.mock.calls.length;
    });
    create.mockRestore();
    expect(made).toEqual([1, 1, 1, 1, 1, 2]);
  });
});

describe("FreshCodes", () => {
  it("rules most rows out, follows the index, and begins again when rows were taken back", () => {
    const random = seededRandom(seed);
    const dimension = 400;
    const rows = sharedRowsOf(
      dimension,
      Float32Array.from({ length: 9000 * dimension }, () => wave(random)),
    );
    const codes = FreshCodes.create(rows)!;
    codes.cover(1000, 9000);
    expect(codes.end).toBe(2947);
    codes.cover(2000, 9000);
    expect(codes.end).toBe(4894);
    codes.cover(6000, 6100);
    expect(codes.end).toBe(6100);
    rows.truncate(6050);
    codes.cover(6000, 6050);
    expect(codes.end).toBe(6050);
    const query = Float32Array.from({ length: dimension }, () => wave(random));
    const near = codes.bounds(codes.load("l2", query)!, 6000, () => undefined);
    const { distances, ordinals } = new ExactScanner(rows).scan(
      { query, metric: "l2", k: 50 },
      { from: 6000, to: 6050 },
    );
    ordinals.forEach((ordinal, at) => {
      expect(near[ordinal - 6000]).toBeLessThanOrEqual(distances[at]!);
      expect(near[ordinal - 6000]).toBeGreaterThan(distances[at]! * 0.95);
    });
  });
});
