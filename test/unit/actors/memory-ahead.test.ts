/** Memory that is brought in before it is needed. */
import { beforeEach, describe, expect, it } from "vitest";
import { DvespError, VirtualClock } from "../../../src/base/index.js";
import { SharedRows } from "../../../src/index/index.js";
import { MemoryAhead } from "../../../src/actors/replica/memory-ahead.js";

const dimension = 64;
const large = 5000;

describe("memory for the next insert", () => {
  let clock: VirtualClock;
  let rows: SharedRows;
  let touched: [number, number][];
  let reserved: number[];
  let ahead: MemoryAhead;

  beforeEach(() => {
    clock = new VirtualClock();
    rows = SharedRows.create({ dimension });
    touched = [];
    reserved = [];
    const touch = rows.touch.bind(rows);
    rows.touch = (from, to) => {
      touched.push([from, to]);
      touch(from, to);
    };
    ahead = new MemoryAhead({ rows, clock, reserve });
  });

  const reserve = (count: number): Promise<void> => {
    reserved.push(count);
    rows.reserve(count);
    return Promise.resolve();
  };

  const insert = (count: number): void => {
    rows.reserve(rows.written + count);
    rows.write(rows.written, new Float32Array(count * dimension).fill(1.5));
    rows.publish(rows.written + count);
    ahead.committed(count);
  };

  it("is as much as the last one took, touched in slices, once", async () => {
    insert(large);
    await clock.advance(1000);
    insert(large);
    await clock.advance(1000);
    expect(reserved).toEqual([2 * large, 3 * large]);
    expect(touched.length).toBeGreaterThan(2);
    expect(touched[0]?.[0]).toBe(large);
    expect(touched.at(-1)?.[1]).toBe(3 * large);
    touched.slice(1).forEach(([from], index) => expect(from).toBe(touched[index]?.[1]));
  });

  it("is bounded, and not brought in for small inserts", async () => {
    insert(100);
    insert(100_000);
    await clock.advance(10_000);
    expect(reserved).toHaveLength(1);
    const bytes = ((reserved[0] as number) - rows.written) * rows.layout.stride;
    expect(bytes).toBeGreaterThan(15 * 2 ** 20);
    expect(bytes).toBeLessThanOrEqual(16 * 2 ** 20);
  });

  it("keeps what is written meanwhile", async () => {
    insert(large);
    await clock.advance(1);
    rows.write(large, new Float32Array(large * dimension).fill(2.5));
    await clock.advance(1000);
    rows.publish(2 * large);
    for (const row of [0, large - 1, large, 2 * large - 1]) {
      expect(rows.vector(row)[dimension - 1]).toBe(row < large ? 1.5 : 2.5);
    }
  });

  it("is left alone when there is no room, and when the replica ends", async () => {
    const full = (): Promise<void> => Promise.reject(new DvespError("STORAGE_FULL", "no memory"));
    const refused = new MemoryAhead({ rows, clock, reserve: full });
    refused.committed(large);
    insert(large);
    await clock.advance(1);
    const before = touched.length;
    ahead.stop();
    await clock.advance(1000);
    ahead.committed(large);
    await clock.advance(1000);
    expect(before).toBe(1);
    expect(touched).toHaveLength(before);
  });
});
