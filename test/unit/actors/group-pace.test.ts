import { describe, expect, it } from "vitest";
import { GroupPace } from "../../../src/actors/replica/group-pace.js";

describe("GroupPace", () => {
  it("has a write that is alone wait for nobody", () => {
    const pace = new GroupPace();
    expect(pace.waitMs(1, 0)).toBe(0);
    pace.committed(1, 0, 4);
    expect(pace.waitMs(1, 4)).toBe(0);
  });

  it("rests after a shared commit as long as it took, at most 10 ms", () => {
    const pace = new GroupPace();
    pace.committed(3, 100, 104);
    expect(pace.waitMs(1, 104)).toBe(4);
    expect(pace.waitMs(2, 107)).toBe(1);
    expect(pace.waitMs(1, 109)).toBe(0);
    pace.committed(3, 200, 300);
    expect(pace.waitMs(1, 300)).toBe(10);
  });

  it("goes on when as many wait as the last commit had", () => {
    const pace = new GroupPace();
    pace.committed(3, 100, 104);
    expect(pace.isEnough(2)).toBe(false);
    expect(pace.isEnough(3)).toBe(true);
    expect(pace.waitMs(3, 104)).toBe(0);
  });
});
