import { describe, expect, it } from "vitest";
import { GrownCalibration } from "../../../src/index/shared/grown-calibration.js";

describe("GrownCalibration", () => {
  const measured = [
    { ef: 16, recallAt10: 0.9, recallAt100: 0 },
    { ef: 100, recallAt10: 0.98, recallAt100: 0.95 },
    { ef: 1024, recallAt10: 0.99, recallAt100: 0.98 },
  ];
  const effortsAt = (growth: number): number[] =>
    new GrownCalibration().of(measured, growth).map(({ ef }) => ef);

  it("is what was measured until the index has grown by a tenth", () => {
    expect(new GrownCalibration().of(measured, 1.09)).toBe(measured);
    expect(new GrownCalibration().of(measured, 0.5)).toBe(measured);
    expect(new GrownCalibration().of([], 2)).toEqual([]);
  });

  it("asks for more effort by the root of the growth, rounded up, for the same recall", () => {
    for (const growth of [1.1, 1.2, 1.5, 2, 10]) {
      effortsAt(growth).forEach((ef, at) => {
        expect(ef).toBeGreaterThanOrEqual(measured[at]!.ef * Math.sqrt(growth));
        expect(ef).toBeLessThanOrEqual(measured[at]!.ef * Math.sqrt(growth * 1.1) + 1);
      });
    }
    expect(effortsAt(1e6).at(-1)).toBe(16_384);
    const table = new GrownCalibration().of(measured, 1.5);
    expect(table.map(({ recallAt10 }) => recallAt10)).toEqual([0.9, 0.98, 0.99]);
  });

  it("stays the same object within a step, and changes with the step and the measurement", () => {
    const grown = new GrownCalibration();
    const table = grown.of(measured, 1.15);
    expect(grown.of(measured, 1.2)).toBe(table);
    expect(grown.of(measured, 1.22)).not.toBe(table);
    expect(grown.of([...measured], 1.22)).not.toBe(grown.of(measured, 1.22));
  });
});
