import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/index.js";
import type { MetricSearches } from "../../../src/actors/shard/metric-demand.js";
import { MetricReport } from "../../../src/actors/searcher/metric-report.js";

const start = () => {
  const clock = new VirtualClock();
  const told: (readonly MetricSearches[])[] = [];
  const report = new MetricReport({ own: "cosine", clock, tell: (asked) => void told.push(asked) });
  return { clock, told, report };
};

describe("MetricReport", () => {
  it("tells of many searches in one message a second", async () => {
    const { clock, told, report } = start();
    for (let n = 0; n < 1000; n++) report.note("l2", 10_001);
    report.note("dot_product", 10_000);
    expect(told).toEqual([]);
    await clock.advance(1000);
    expect(told).toEqual([
      [
        { metric: "l2", searches: 1000, scans: 1000 },
        { metric: "dot_product", searches: 1, scans: 0 },
      ],
    ]);
    report.note("l2", 0);
    await clock.advance(10_000);
    expect(told[1]).toEqual([{ metric: "l2", searches: 1, scans: 0 }]);
    expect(told).toHaveLength(2);
  });

  it("says nothing of the collection's own metric, nor after it was closed", async () => {
    const { clock, told, report } = start();
    report.note("cosine", 50_000);
    expect(clock.pending).toBe(0);
    report.note("l2", 50_000);
    report.close();
    await clock.advance(10_000);
    expect(told).toEqual([]);
  });
});
