import { describe, expect, it } from "vitest";
import { hostPlan, hostSpecs } from "../../../src/node/hosts.js";

const countOf = (threads: number, role: string): number =>
  hostSpecs(threads).filter((one) => one.role === role).length;

describe("hostSpecs", () => {
  it.each([
    { threads: 1, search: 1, write: 1 },
    { threads: 4, search: 4, write: 1 },
    { threads: 8, search: 8, write: 2 },
    { threads: 64, search: 64, write: 16 },
    { threads: 0, search: 1, write: 1 },
  ])("has $search searchers and $write writers for $threads threads", (expected) => {
    const { threads, search, write } = expected;
    expect(countOf(threads, "search")).toBe(search);
    expect([countOf(threads, "write"), countOf(threads, "build")]).toEqual([write, write]);
  });

  it("gives every host a name of its own", () => {
    const names = hostSpecs(16).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("hostPlan", () => {
  const hosts = hostSpecs(16);

  it("puts a collection on one writer, one builder and all searchers, always the same", () => {
    const plan = hostPlan(hosts, "papers");
    expect(plan.search).toEqual(Array.from({ length: 16 }, (_, index) => `search-${index}`));
    expect(plan.write).toMatch(/^write-[0-3]$/);
    expect(plan.build).toMatch(/^build-[0-3]$/);
    expect(hostPlan(hostSpecs(16), "papers")).toEqual(plan);
  });

  it("spreads collections over all writers", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 400; index++) {
      const { write } = hostPlan(hosts, `collection-${index}`);
      counts.set(write, (counts.get(write) ?? 0) + 1);
    }
    expect(counts.size).toBe(4);
    expect(Math.min(...counts.values())).toBeGreaterThan(50);
  });
});
