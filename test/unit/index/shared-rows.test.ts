import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import { ExactScanner, SharedRows } from "../../../src/index/index.js";
import { looseRows } from "../../conformance/index-fixture.js";

/** The scratch slots, the unused page, the counters, and so many pages of rows. */
const pages = (ofRows: number): number => 66 + ofRows;

describe("SharedRows", () => {
  it("gives back what was written, at any dimension", () => {
    for (const dimension of [1, 2, 3, 4, 5, 16, 17, 784, 4096]) {
      const rows = SharedRows.create({ dimension });
      const packed = looseRows(seededRandom(dimension), 20, dimension);
      rows.reserve(20);
      rows.write(0, packed.subarray(0, 7 * dimension));
      rows.write(7, packed.subarray(7 * dimension));
      rows.publish(20);
      for (let row = 0; row < 20; row++) {
        const expected = packed.slice(row * dimension, (row + 1) * dimension);
        expect(rows.vector(row)).toEqual(expected);
        expect(rows.copyVector(row).buffer).toBeInstanceOf(ArrayBuffer);
        expect(rows.copyVector(row)).toEqual(expected);
      }
    }
  });

  it("touches memory without changing what is there", () => {
    const dimension = 1024;
    const rows = SharedRows.create({ dimension });
    const packed = looseRows(seededRandom(1), 20, dimension);
    packed.fill(0, 5 * dimension, 10 * dimension);
    rows.reserve(60);
    rows.write(0, packed);
    rows.touch(0, 60);
    rows.publish(20);
    const found = Array.from({ length: 20 }, (_, row) => [...rows.copyVector(row)]);
    expect(Float32Array.from(found.flat())).toEqual(packed);
  });

  it("runs over into more segments, which others adopt", () => {
    const dimension = 60;
    const count = 1500;
    const rows = SharedRows.create({ dimension, segmentPages: pages(2) });
    const reader = SharedRows.attach(rows.share(), 1);
    const packed = looseRows(seededRandom(1), count, dimension);
    const handle = rows.reserve(count);
    expect(handle?.segments.length).toBe(3);
    rows.write(0, packed);
    rows.publish(count);
    expect(reader.written).toBe(count);
    expect(() => reader.vector(count - 1)).toThrow("segment");
    reader.adopt(handle!);
    expect(reader.vector(count - 1)).toEqual(packed.slice(-dimension));
    expect(rows.reserve(count)).toBeUndefined();

    const query = packed.slice(-dimension);
    const target = { query, metric: "l2", k: count } as const;
    const all = new ExactScanner(reader).scan(target, { from: 0, to: count });
    expect(all.ordinals).toHaveLength(count);
    expect([all.ordinals[0], all.distances[0]]).toEqual([count - 1, 0]);
    const shuffled = Uint32Array.from({ length: count }, (_, index) => (index * 7) % count);
    expect(new ExactScanner(reader).rank(target, shuffled)).toEqual(all);
  });

  it("sees rows in memory that another view has grown", () => {
    const dimension = 4096;
    const rows = SharedRows.create({ dimension });
    const reader = SharedRows.attach(rows.share(), 1);
    for (let count = 100; count <= 1100; count += 100) {
      rows.reserve(count);
      rows.write(count - 100, new Float32Array(100 * dimension).fill(count));
      rows.publish(count);
      expect(reader.vector(count - 1)[dimension - 1]).toBe(count);
    }
  });

  it("reaches the last row of a full segment of 4 GiB, and the first of the next", () => {
    const dimension = 4096;
    const rows = SharedRows.create({ dimension });
    const end = rows.layout.rowsPerSegment;
    expect(rows.reserve(end)).toBeUndefined();
    expect(rows.reserve(end + 1)?.segments).toHaveLength(2);
    // Memory that nobody touches takes no room: only these six rows do.
    const packed = looseRows(seededRandom(3), 6, dimension);
    rows.write(end - 5, packed);
    rows.publish(end + 1);
    const scanner = new ExactScanner(rows);
    for (let row = 0; row < 6; row++) {
      const query = packed.slice(row * dimension, (row + 1) * dimension);
      const target = { query, metric: "l2", k: 1 } as const;
      const nearest = { ordinals: Uint32Array.of(end - 5 + row), distances: Float32Array.of(0) };
      expect(scanner.scan(target, { from: end - 5, to: end + 1 })).toEqual(nearest);
      expect(scanner.rank(target, nearest.ordinals)).toEqual(nearest);
    }
    rows.markDead(end - 1);
    expect([rows.isDead(end - 1), rows.isDead(end)]).toEqual([true, false]);
  });

  it("shows rows when published, and durable ones when committed", () => {
    const rows = SharedRows.create({ dimension: 2 });
    const reader = SharedRows.attach(rows.share(), 1);
    rows.reserve(3);
    rows.write(0, Float32Array.of(1, 1, 2, 2, 3, 3));
    expect([reader.written, reader.committed]).toEqual([0, 0]);
    rows.publish(3);
    expect([reader.written, reader.committed]).toEqual([3, 0]);
    rows.commit(2);
    expect([reader.written, reader.committed]).toEqual([3, 2]);
    expect(() => rows.commit(4)).toThrow("committed follows written");
    expect(() => rows.write(2, Float32Array.of(4, 4))).toThrow("readable rows do not change");
    expect(() => rows.publish(2)).toThrow("not taken back");
  });

  it("counts the dead once, and takes back rows with their deaths", () => {
    const rows = SharedRows.create({ dimension: 1 });
    rows.reserve(4);
    rows.write(0, Float32Array.of(1, 2, 3, 4));
    expect(() => rows.markDead(1)).toThrow("only readable rows die");
    rows.publish(4);
    rows.commit(4);
    for (const ordinal of [1, 1, 3]) rows.markDead(ordinal);
    expect([rows.dead, rows.isDead(1), rows.isDead(2), rows.isDead(3)]).toEqual([
      2,
      true,
      false,
      true,
    ]);
    const { epoch } = rows;
    rows.truncate(3);
    expect([rows.written, rows.committed, rows.dead]).toEqual([3, 3, 1]);
    expect(rows.epoch).not.toBe(epoch);
    rows.write(3, Float32Array.of(5));
    rows.publish(4);
    expect(rows.committed).toBe(3);
    rows.truncate(4);
    expect(rows.committed).toBe(3);
    expect([rows.isDead(3), rows.vector(3)[0]]).toEqual([false, 5]);
  });

  it("refuses what cannot be: dimensions, slots, parts of rows", () => {
    for (const dimension of [0, 4097, 1.5]) {
      expect(() => SharedRows.create({ dimension })).toThrow("dimension in range");
    }
    expect(() => SharedRows.create({ dimension: 4, slot: 64 })).toThrow("slot in range");
    const rows = SharedRows.create({ dimension: 4 });
    expect(() => rows.write(0, new Float32Array(6))).toThrow("whole rows");
    expect(() => rows.write(1e6, new Float32Array(4))).toThrow("inside the segment");
  });
});
