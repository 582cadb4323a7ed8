import { describe, expect, it } from "vitest";
import { chooseEf, rowsPerCandidate, type Calibration } from "../../../src/index/calibration.js";

const calibration: Calibration = [
  { ef: 20, recallAt10: 0.9, recallAt100: 0 },
  { ef: 40, recallAt10: 0.98, recallAt100: 0 },
  { ef: 160, recallAt10: 0.995, recallAt100: 0.97 },
  { ef: 320, recallAt10: 0.999, recallAt100: 0.99 },
];

/** Of an index so small that a scan takes no longer than 500 candidates. */
const scanEf = 500;

describe("chooseEf", () => {
  it("takes the least effort that reaches the recall", () => {
    expect(chooseEf(calibration, { recall: 0.5 }, 10, scanEf)).toBe(20);
    expect(chooseEf(calibration, { recall: 0.95 }, 1, scanEf)).toBe(40);
    expect(chooseEf(calibration, { recall: 0.98 }, 10, scanEf)).toBe(40);
    expect(chooseEf(calibration, { recall: 0.99 }, 10, scanEf)).toBe(160);
  });

  it("looks harder for more hits, between and beyond what was measured", () => {
    const efs = [10, 11, 20, 50, 99, 100, 200, 1000].map((k) =>
      chooseEf(calibration, { recall: 0.98 }, k, scanEf)!,
    );
    expect(efs).toEqual([...efs].sort((left, right) => left - right));
    expect([efs[0], efs[5], efs[6], efs[7]]).toEqual([40, 320, 640, 3200]);
  });

  it("leaves to a scan what no effort reaches of few rows", () => {
    expect(chooseEf(calibration, { recall: 1 }, 10, scanEf)).toBeUndefined();
    expect(chooseEf(calibration, {}, 10, scanEf)).toBeUndefined();
    expect(chooseEf(calibration, { recall: 0.9995 }, 10, scanEf)).toBeUndefined();
    expect(chooseEf(calibration, { recall: 0.995 }, 100, scanEf)).toBeUndefined();
    expect(chooseEf([], { recall: 0.5 }, 10, Infinity)).toBeUndefined();
  });

  it("does what it can where a scan of many rows would take longer", () => {
    const choose = (recall: number, k: number, rows: number): number | undefined =>
      chooseEf(calibration, { recall }, k, rows / rowsPerCandidate);
    expect(choose(0.9995, 10, 1e6)).toBe(1024);
    expect(choose(0.9995, 10, 25_000)).toBeUndefined();
    expect(choose(0.995, 100, 1e6)).toBe(1024);
    expect(choose(0.995, 200, 1e6)).toBe(2048);
    expect(choose(0.995, 200, 50_000)).toBeUndefined();
    expect(choose(1, 10, 1e6)).toBeUndefined();
    const between = choose(0.995, 30, 1e6)!;
    expect(between).toBeGreaterThan(160);
    expect(between).toBeLessThan(1024);
  });

  it("scans however many rows rather than fall far short", () => {
    const poor = [{ ef: 1024, recallAt10: 0.9, recallAt100: 0.64 }];
    expect(chooseEf(poor, { recall: 0.92 }, 10, 1e6)).toBe(1024);
    expect(chooseEf(poor, { recall: 0.98 }, 10, 1e6)).toBeUndefined();
    expect(chooseEf(poor, { recall: 0.92 }, 100, 1e6)).toBeUndefined();
  });

  it("takes a given ef as it is", () => {
    expect(chooseEf(calibration, { ef: 77, recall: 1 }, 10, scanEf)).toBe(77);
    expect(chooseEf([], { ef: 77 }, 10, Infinity)).toBe(77);
  });
});
