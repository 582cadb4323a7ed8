import { describe, expect, it } from "vitest";
import { hostPlan, hostSpecs, threadCounts } from "../../../src/node/hosts.js";

const countOf = (search: number, role: string): number =>
  hostSpecs({ search, build: 1 }).filter((one) => one.role === role).length;

describe("threadCounts", () => {
  it.each([
    { cores: 1, counts: { search: 1, build: 1 } },
    { cores: 2, counts: { search: 2, build: 1 } },
    { cores: 5, counts: { search: 5, build: 2 } },
    { cores: 16, counts: { search: 16, build: 8 } },
    { cores: 256, counts: { search: 45, build: 15 } },
  ])("builds on half of $cores cores at most", ({ cores, counts }) => {
    expect(threadCounts({}, cores)).toEqual(counts);
  });

  it("takes what is asked for, and refuses what has no place", () => {
    expect(threadCounts({ threads: 3, build_threads: 4 }, 2)).toEqual({ search: 3, build: 4 });
    expect(threadCounts({ threads: 0, build_threads: 0 }, 2)).toEqual({ search: 1, build: 1 });
    for (const options of [{ threads: 46 }, { build_threads: 16 }, { threads: 1.5 }]) {
      expect(() => threadCounts(options, 2)).toThrow("is a whole number from 0 to");
    }
  });
});

describe("hostSpecs", () => {
  it.each([
    { search: 1, write: 1 },
    { search: 4, write: 1 },
    { search: 8, write: 2 },
    { search: 45, write: 11 },
  ])("has $write writers and one builder for $search searchers", ({ search, write }) => {
    expect(countOf(search, "search")).toBe(search);
    expect([countOf(search, "write"), countOf(search, "build")]).toEqual([write, 1]);
  });

  it("lends the builder's host the other build threads", () => {
    const tasksOf = (build: number): number | undefined =>
      hostSpecs({ search: 1, build }).find(({ role }) => role === "build")?.taskThreads;
    expect([tasksOf(1), tasksOf(2), tasksOf(8)]).toEqual([1, 1, 7]);
  });

  it("lets building alone give way", () => {
    const giving = hostSpecs({ search: 2, build: 2 }).filter(({ givesWay }) => givesWay);
    expect(giving.map(({ role }) => role)).toEqual(["build"]);
  });

  it("gives every host a name of its own", () => {
    const names = hostSpecs({ search: 16, build: 2 }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

const counts = { search: 16, build: 3 };

describe("hostPlan", () => {
  const hosts = hostSpecs(counts);

  it("puts a collection on one writer, one builder and all searchers, always the same", () => {
    const plan = hostPlan(hosts, counts, "papers");
    expect(plan.search).toEqual(Array.from({ length: 16 }, (_, index) => `search-${index}`));
    expect(plan.write).toMatch(/^write-[0-3]$/);
    expect([plan.build, plan.buildHelpers]).toEqual(["build-0", 2]);
    expect(hostPlan(hostSpecs(counts), counts, "papers")).toEqual(plan);
  });

  it("spreads collections over all writers", () => {
    const places = new Map<string, number>();
    for (let index = 0; index < 400; index++) {
      const { write } = hostPlan(hosts, counts, `collection-${index}`);
      places.set(write, (places.get(write) ?? 0) + 1);
    }
    expect(places.size).toBe(4);
    expect(Math.min(...places.values())).toBeGreaterThan(50);
  });
});
