import { afterEach, describe, expect, it } from "vitest";
import type { StoreEvent } from "../../../src/protocol/index.js";
import { NodeMetrics } from "../../../src/node/metrics.js";
import type { CollectionFigures } from "../../../src/node/metrics.js";

const open: NodeMetrics[] = [];
afterEach(() => {
  for (const metrics of open.splice(0)) metrics.close();
});

function metricsOf(figures: () => readonly CollectionFigures[] = () => []): NodeMetrics {
  const metrics = new NodeMetrics({
    collections: () => Promise.resolve(figures()),
    disk: () => ({ free_bytes: 123, full: true }),
    nodes: () => [{ state: "alive" }, { state: "alive" }, { state: "dead" }],
  });
  open.push(metrics);
  return metrics;
}

const event = (details: Record<string, unknown>): StoreEvent => details as unknown as StoreEvent;

/** Samples of the text, by name and labels. */
async function samplesOf(metrics: NodeMetrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split("\n").filter((one) => one && !one.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

describe("NodeMetrics", () => {
  it("explains each figure with its type", async () => {
    const text = await metricsOf().text();
    for (const [name, type] of [
      ["dvesp_http_request_seconds", "histogram"],
      ["dvesp_events_total", "counter"],
      ["dvesp_rows_written_total", "counter"],
      ["dvesp_collection_rows", "gauge"],
      ["dvesp_event_loop_delay_seconds", "gauge"],
      ["dvesp_memory_bytes", "gauge"],
    ] as const) {
      expect(text).toContain(`# HELP ${name} `);
      expect(text).toContain(`# TYPE ${name} ${type}`);
    }
  });

  it("counts requests by route, method and status, in buckets of seconds", async () => {
    const metrics = metricsOf();
    const request = { route: "/v1/search", method: "POST", status: 200 };
    for (const seconds of [0.0005, 0.015, 7]) metrics.observeRequest({ ...request, seconds });
    metrics.observeRequest({ ...request, status: 404, seconds: 1 });
    const samples = await samplesOf(metrics);
    const labels = 'route="/v1/search",method="POST",status="200"';
    const bucket = (le: string): number | undefined =>
      samples.get(`dvesp_http_request_seconds_bucket{le="${le}",${labels}}`);
    expect([bucket("0.001"), bucket("0.02"), bucket("5"), bucket("+Inf")]).toEqual([1, 2, 2, 3]);
    expect(samples.get(`dvesp_http_request_seconds_count{${labels}}`)).toBe(3);
    expect(samples.get(`dvesp_http_request_seconds_sum{${labels}}`)).toBeCloseTo(7.0155);
    expect(
      samples.get(
        'dvesp_http_request_seconds_count{route="/v1/search",method="POST",status="404"}',
      ),
    ).toBe(1);
  });

  it("counts events by type, and rows by what happened to them", async () => {
    const metrics = metricsOf();
    metrics.observeEvent(event({ type: "collection_created", collection: "a" }));
    const write = { type: "write", collection: "a", deleted: 0 };
    metrics.observeEvent(event({ ...write, inserted: 10, updated: 1 }));
    metrics.observeEvent(event({ ...write, inserted: 5, updated: 0, deleted: 2 }));
    const samples = await samplesOf(metrics);
    expect(samples.get('dvesp_events_total{type="write"}')).toBe(2);
    expect(samples.get('dvesp_events_total{type="collection_created"}')).toBe(1);
    const rows = (change: string): number | undefined =>
      samples.get(`dvesp_rows_written_total{collection="a",change="${change}"}`);
    expect([rows("inserted"), rows("updated"), rows("deleted")]).toEqual([15, 1, 2]);
  });

  it("shows collections as they are at each scrape, and dropped ones no more", async () => {
    let figures: CollectionFigures[] = [
      { collection: "a", rows: 100, indexed_rows: 60 },
      { collection: 'b "quoted"', rows: 1, indexed_rows: 0 },
    ];
    const metrics = metricsOf(() => figures);
    const first = await samplesOf(metrics);
    expect(first.get('dvesp_collection_rows{collection="a"}')).toBe(100);
    expect(first.get('dvesp_collection_indexed_rows{collection="a"}')).toBe(60);
    expect(first.get('dvesp_collection_rows{collection="b \\"quoted\\""}')).toBe(1);
    figures = [{ collection: "a", rows: 7, indexed_rows: 7 }];
    const second = await samplesOf(metrics);
    const names = [...second.keys()].filter((one) => one.startsWith("dvesp_collection_"));
    expect(names).toEqual([
      'dvesp_collection_rows{collection="a"}',
      'dvesp_collection_indexed_rows{collection="a"}',
    ]);
    expect(second.get(names[0] as string)).toBe(7);
  });

  it("tells the memory and the main thread's delay", async () => {
    const samples = await samplesOf(metricsOf());
    expect(samples.get('dvesp_memory_bytes{kind="rss"}')).toBeGreaterThan(1e6);
    expect(samples.get('dvesp_memory_bytes{kind="heap"}')).toBeGreaterThan(1e6);
    expect(samples.has('dvesp_event_loop_delay_seconds{quantile="0.5"}')).toBe(true);
    expect(samples.has('dvesp_event_loop_delay_seconds{quantile="0.99"}')).toBe(true);
  });

  it("tells the room on the disk, and how many nodes are in which state", async () => {
    const samples = await samplesOf(metricsOf());
    expect(samples.get("dvesp_disk_free_bytes")).toBe(123);
    expect(samples.get("dvesp_disk_full")).toBe(1);
    const nodes = ["alive", "suspect", "dead"].map((state) =>
      samples.get(`dvesp_nodes{state="${state}"}`),
    );
    expect(nodes).toEqual([2, 0, 1]);
  });

  it("of two nodes in one process are kept apart", async () => {
    const [first, second] = [metricsOf(), metricsOf()];
    first.observeEvent(event({ type: "only_here" }));
    expect((await samplesOf(first)).get('dvesp_events_total{type="only_here"}')).toBe(1);
    expect((await samplesOf(second)).has('dvesp_events_total{type="only_here"}')).toBe(false);
  });

  it("keeps the last recall that probes of each index found, until it is dropped", async () => {
    const metrics = metricsOf();
    const probe = (distance_metric: string, recall_at_10: number): void =>
      metrics.observeEvent(
        event({
          type: "index_probed",
          collection: "docs",
          samples: 16,
          distance_metric,
          recall_at_10,
        }),
      );
    const recallOf = async (distance_metric: string): Promise<number | undefined> =>
      (await samplesOf(metrics)).get(
        `dvesp_recall_at_10{collection="docs",distance_metric="${distance_metric}"}`,
      );
    probe("l2", 0.97);
    probe("l2", 0.985);
    probe("cosine", 0.9);
    expect([await recallOf("l2"), await recallOf("cosine")]).toEqual([0.985, 0.9]);
    const l2 = { collection: "docs", distance_metric: "l2" };
    metrics.observeEvent(event({ type: "index_metric_dropped", ...l2 }));
    expect([await recallOf("l2"), await recallOf("cosine")]).toEqual([undefined, 0.9]);
    metrics.observeEvent(event({ type: "collection_dropped", collection: "docs" }));
    expect(await recallOf("cosine")).toBe(undefined);
  });
});
