import { describe, expect, it } from "vitest";
import { AllowList } from "../../../src/index/index.js";
import { FilteredWalks, type Trust } from "../../../src/index/shared/filtered-walks.js";

const ef = 60;
const target = 0.98;

describe("FilteredWalks", () => {
  /** What was said of so many searches of which walks find so much. */
  const ask = (walks: FilteredWalks, allow: AllowList, recall: number, times: number): Trust[] =>
    Array.from({ length: times }, () => {
      const trust = walks.next(allow, ef, target);
      if (trust === "compare") walks.note(allow, ef, recall);
      return trust;
    });
  const count = (said: readonly Trust[], trust: Trust): number =>
    said.filter((one) => one === trust).length;

  it("trusts walks once sixteen found enough, and goes on comparing one in sixteen", () => {
    const walks = new FilteredWalks();
    const allow = AllowList.empty(64);
    expect(count(ask(walks, allow, 0.99, 16), "compare")).toBe(16);
    const later = ask(walks, allow, 0.99, 160);
    expect([count(later, "trusted"), count(later, "compare")]).toEqual([150, 10]);
  });

  it("distrusts walks that found too little, but for one in sixty-four, and forgives them in time", () => {
    const walks = new FilteredWalks();
    const allow = AllowList.empty(64);
    ask(walks, allow, 0.9, 16);
    const later = ask(walks, allow, 0.9, 640);
    expect([count(later, "distrusted"), count(later, "compare")]).toEqual([630, 10]);
    expect(count(ask(walks, allow, 1, 64 * 80), "trusted")).toBeGreaterThan(0);
  });

  it("loses trust when walks begin to miss", () => {
    const walks = new FilteredWalks();
    const allow = AllowList.empty(64);
    ask(walks, allow, 1, 100);
    const later = ask(walks, allow, 0.5, 64);
    expect(later.at(-1)).not.toBe("trusted");
  });

  it("knows filters and efforts apart, and aims at what the search does", () => {
    const walks = new FilteredWalks();
    const [one, other] = [AllowList.empty(64), AllowList.empty(64)];
    ask(walks, one, 0.97, 16);
    expect(walks.next(other, ef, target)).toBe("compare");
    expect(walks.next(one, ef + 1, target)).toBe("compare");
    expect(walks.next(one, ef, target)).toBe("distrusted");
    expect(walks.next(one, ef, 0.95)).toBe("trusted");
    for (let more = 2; more < 100; more++) walks.next(one, ef + more, target);
    expect(walks.next(one, ef, 0.95)).toBe("compare");
  });
});
