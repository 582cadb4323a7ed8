import { describe, expect, it } from "vitest";
import { DvespError, VirtualClock } from "../../../src/base/index.js";
import type { Metric } from "../../../src/index/index.js";
import { MetricDemand } from "../../../src/actors/shard/metric-demand.js";
import { MetricIndexes } from "../../../src/actors/shard/metric-indexes.js";
import type { IndexOwner, MetricBuilders } from "../../../src/actors/shard/metric-indexes.js";
import { completeSettings } from "../../../src/actors/collection/settings.js";
import { HandMadeRef, ok } from "./hand-made-ref.js";

const hourMs = 3_600_000;
const limits = { scans: 20, withinMs: 600_000, idleMs: 24 * hourMs };

interface WorldOptions {
  readonly stored?: readonly Metric[];
  readonly type?: "hnsw" | "flat";
  /** Why builders do not start, if so. */
  readonly failure?: DvespError;
}

/** What is done, in order, as words. */
function world({ stored = [], type = "hnsw", failure }: WorldOptions = {}) {
  const clock = new VirtualClock();
  const done: string[] = [];
  let refusal = failure;
  const note = (what: string, metric: Metric): Promise<void> => {
    done.push(`${what} ${metric}`);
    return Promise.resolve();
  };
  const builders: MetricBuilders = {
    ref: (metric) => new HandMadeRef(() => ok(undefined), metric),
    start: (metric) => (refusal ? Promise.reject(refusal) : note("start", metric)),
    stop: (metric) => note("stop", metric),
    stored: () => Promise.resolve([...stored]),
    removeFiles: (metric) => note("remove", metric),
  };
  const settings = completeSettings({
    ...{ collection: "c", dimension: 4, distance_metric: "cosine", index: { type } },
    ...{ shards: undefined, replication_factor: undefined },
  });
  const shard: IndexOwner = {
    id: 0,
    settings,
    addIndex: (metric) => void done.push(`add ${metric}`),
    announceIndex: (metric) => note("announce", metric),
    dropIndex: (metric) => note("drop", metric),
  };
  const indexes = new MetricIndexes({
    ...{ shard, builders, clock, lookMs: hourMs },
    demand: new MetricDemand(limits),
    emit: (event, details) => void done.push(`${event} ${String(details["distance_metric"])}`),
  });
  const scan = async (metric: Metric, scans: number): Promise<void> => {
    indexes.note([{ metric, searches: scans, scans }]);
    await indexes.settled();
  };
  const allow = (): void => void (refusal = undefined);
  return { clock, done, indexes, scan, allow };
}

const added = (metric: Metric): string[] =>
  [`add`, `start`, `announce`, `index_metric_added`].map((what) => `${what} ${metric}`);
const dropped = (metric: Metric): string[] =>
  [`drop`, `stop`, `remove`, `index_metric_dropped`].map((what) => `${what} ${metric}`);

describe("MetricIndexes", () => {
  it("starts one builder for a metric that is asked for often", async () => {
    const { done, scan } = world();
    await scan("l2", 19);
    expect(done).toEqual([]);
    await scan("l2", 1);
    await scan("l2", 100);
    expect(done).toEqual(added("l2"));
  });

  it("starts none for the collection's own metric, nor where there is no index", async () => {
    const own = world();
    await own.scan("cosine", 100);
    const flat = world({ type: "flat", stored: ["l2"] });
    await flat.scan("l2", 100);
    await flat.indexes.restore();
    expect([...own.done, ...flat.done]).toEqual([]);
  });

  it("starts those again of which there are files", async () => {
    const { done, indexes } = world({ stored: ["l2", "dot_product"] });
    await indexes.restore();
    await indexes.settled();
    expect(done).toEqual([...added("l2"), ...added("dot_product")]);
  });

  it("drops one with its files when nobody has asked for it for a day", async () => {
    const { clock, done, indexes, scan } = world();
    indexes.watch();
    await scan("l2", 20);
    await clock.advance(20 * hourMs);
    indexes.note([{ metric: "l2", searches: 1, scans: 0 }]);
    await clock.advance(23 * hourMs);
    expect(done).toEqual(added("l2"));
    await clock.advance(2 * hourMs);
    expect(done).toEqual([...added("l2"), ...dropped("l2")]);
    await scan("l2", 20);
    expect(done).toEqual([...added("l2"), ...dropped("l2"), ...added("l2")]);
    indexes.rest();
    expect(clock.pending).toBe(0);
  });

  it("says so when a builder cannot start, and tries again when as many searches have come", async () => {
    const { done, scan, allow } = world({ failure: new DvespError("STORAGE_FULL", "no memory") });
    await scan("l2", 20);
    expect(done).toEqual(["add l2", "drop l2", "stop l2", "index_metric_failed l2"]);
    allow();
    await scan("l2", 19);
    expect(done).toHaveLength(4);
    await scan("l2", 1);
    expect(done.slice(4)).toEqual(added("l2"));
  });

  it("says nothing of a collection that is being stopped", async () => {
    const { done, scan } = world({ failure: new DvespError("CLOSED", "stopping") });
    await scan("l2", 20);
    expect(done).toEqual(["add l2", "drop l2", "stop l2"]);
  });
});
