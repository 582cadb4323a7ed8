import { describe, expect, it } from "vitest";
import { chooseEf, type Calibration } from "../../../src/index/calibration.js";

const calibration: Calibration = [
  { ef: 20, recallAt10: 0.9, recallAt100: 0 },
  { ef: 40, recallAt10: 0.98, recallAt100: 0 },
  { ef: 160, recallAt10: 0.995, recallAt100: 0.97 },
  { ef: 320, recallAt10: 0.999, recallAt100: 0.99 },
];

describe("chooseEf", () => {
  it("takes the least effort that reaches the recall", () => {
    expect(chooseEf(calibration, { recall: 0.5 }, 10)).toBe(20);
    expect(chooseEf(calibration, { recall: 0.95 }, 1)).toBe(40);
    expect(chooseEf(calibration, { recall: 0.98 }, 10)).toBe(40);
    expect(chooseEf(calibration, { recall: 0.99 }, 10)).toBe(160);
  });

  it("looks harder for more hits, between and beyond what was measured", () => {
    const efs = [10, 11, 20, 50, 99, 100, 200, 1000].map((k) =>
      chooseEf(calibration, { recall: 0.98 }, k)!,
    );
    expect(efs).toEqual([...efs].sort((left, right) => left - right));
    expect([efs[0], efs[5], efs[6], efs[7]]).toEqual([40, 320, 640, 3200]);
  });

  it("leaves to a scan what no effort reaches", () => {
    expect(chooseEf(calibration, { recall: 1 }, 10)).toBeUndefined();
    expect(chooseEf(calibration, {}, 10)).toBeUndefined();
    expect(chooseEf(calibration, { recall: 0.9995 }, 10)).toBeUndefined();
    expect(chooseEf(calibration, { recall: 0.995 }, 100)).toBeUndefined();
    expect(chooseEf([], { recall: 0.5 }, 10)).toBeUndefined();
  });

  it("takes a given ef as it is", () => {
    expect(chooseEf(calibration, { ef: 77, recall: 1 }, 10)).toBe(77);
    expect(chooseEf([], { ef: 77 }, 10)).toBe(77);
  });
});
