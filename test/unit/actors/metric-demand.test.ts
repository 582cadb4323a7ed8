import { describe, expect, it } from "vitest";
import { MetricDemand } from "../../../src/actors/shard/metric-demand.js";

const limits = { scans: 20, withinMs: 600_000, idleMs: 86_400_000 };
const minuteMs = 60_000;
const scans = (count: number, metric: "l2" | "dot_product" = "l2") => ({
  metric,
  searches: count,
  scans: count,
});

describe("MetricDemand", () => {
  it("wants an index after enough scans within the time", () => {
    const demand = new MetricDemand(limits);
    for (let n = 0; n < 19; n++) demand.note(scans(1), n * 1000);
    expect(demand.isWanted("l2", 19_000)).toBe(false);
    demand.note(scans(1), 19_000);
    expect(demand.isWanted("l2", 19_000)).toBe(true);
    expect(demand.isWanted("l2", limits.withinMs)).toBe(false);
  });

  it("wants none for scans that are too rare", () => {
    const demand = new MetricDemand(limits);
    for (let n = 0; n < 200; n++) {
      demand.note(scans(1), n * minuteMs);
      expect(demand.isWanted("l2", n * minuteMs)).toBe(false);
    }
  });

  it("wants none for searches that scanned few rows", () => {
    const demand = new MetricDemand(limits);
    demand.note({ metric: "l2", searches: 1000, scans: 0 }, 0);
    expect(demand.isWanted("l2", 0)).toBe(false);
  });

  it("counts each metric for itself, and begins anew once there is an index", () => {
    const demand = new MetricDemand(limits);
    demand.note(scans(15), 0);
    demand.note(scans(15, "dot_product"), 0);
    expect([demand.isWanted("l2", 0), demand.isWanted("dot_product", 0)]).toEqual([false, false]);
    demand.note(scans(5), 0);
    expect([demand.isWanted("l2", 0), demand.isWanted("dot_product", 0)]).toEqual([true, false]);
    demand.answered("l2", 0);
    expect(demand.isWanted("l2", 0)).toBe(false);
  });

  it("finds an index idle that was not asked for long, from its start on", () => {
    const demand = new MetricDemand(limits);
    demand.answered("l2", 1000);
    expect(demand.isIdle("l2", limits.idleMs)).toBe(false);
    expect(demand.isIdle("l2", limits.idleMs + 1000)).toBe(true);
    demand.note({ metric: "l2", searches: 1, scans: 0 }, limits.idleMs + 2000);
    expect(demand.isIdle("l2", limits.idleMs + 2000)).toBe(false);
    expect(demand.isIdle("l2", 2 * limits.idleMs + 2000)).toBe(true);
  });
});
