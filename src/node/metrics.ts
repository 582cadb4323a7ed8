/** The node's figures for Prometheus. One registry per node, so that two nodes fit in a process. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { metrics } from "../index/index.js";
import type { ClusterNode, DiskDescription, StoreEvent } from "../protocol/index.js";

/** One finished request, as the HTTP server reports it. */
export interface RequestObservation {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

export interface CollectionFigures {
  readonly collection: string;
  readonly rows: number;
  readonly indexed_rows: number;
}

/** Asked at each scrape. */
export interface NodeFigures {
  collections(): Promise<readonly CollectionFigures[]>;
  /** Of the data directory; undefined when it does not say. */
  disk(): DiskDescription | undefined;
  /** All of the cluster, this one included, as this one sees them. */
  nodes(): readonly { readonly state: ClusterNode["state"] }[];
}

const nodeStates = ["alive", "suspect", "dead"] as const;
const secondsBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const nanosecondsPerSecond = 1e9;
/** How often the event loop is looked at; a look that is on time counts as this much. */
const delayResolutionMs = 20;

export class NodeMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Histogram({
    name: "dvesp_http_request_seconds",
    help: "Duration of HTTP requests, from the first byte to the last",
    labelNames: ["route", "method", "status"],
    buckets: secondsBuckets,
    registers: [this.#registry],
  });
  readonly #events = new Counter({
    name: "dvesp_events_total",
    help: "Lifecycle, index and write events by type",
    labelNames: ["type"],
    registers: [this.#registry],
  });
  readonly #written = new Counter({
    name: "dvesp_rows_written_total",
    help: "Rows inserted, updated and deleted, durable",
    labelNames: ["collection", "change"],
    registers: [this.#registry],
  });
  readonly #rows = new Gauge({
    name: "dvesp_collection_rows",
    help: "Live rows of a collection",
    labelNames: ["collection"],
    registers: [this.#registry],
  });
  readonly #indexed = new Gauge({
    name: "dvesp_collection_indexed_rows",
    help: "Rows of a collection that its index covers",
    labelNames: ["collection"],
    registers: [this.#registry],
  });
  readonly #recall = new Gauge({
    name: "dvesp_recall_at_10",
    help: "Recall among the 10 nearest that sample queries of idle time reached with the default effort",
    labelNames: ["collection", "distance_metric"],
    registers: [this.#registry],
  });
  readonly #free = new Gauge({
    name: "dvesp_disk_free_bytes",
    help: "Free on the disk of the data directory",
    registers: [this.#registry],
  });
  readonly #full = new Gauge({
    name: "dvesp_disk_full",
    help: "1 while so little is free that rows are refused",
    registers: [this.#registry],
  });
  readonly #nodes = new Gauge({
    name: "dvesp_nodes",
    help: "Nodes of the cluster as this one sees them",
    labelNames: ["state"],
    registers: [this.#registry],
  });
  readonly #delay = monitorEventLoopDelay({ resolution: delayResolutionMs });

  readonly #figures: NodeFigures;

  constructor(figures: NodeFigures) {
    this.#delay.enable();
    this.#loopGauge();
    this.#memoryGauge();
    this.#figures = figures;
  }

  observeRequest({ route, method, status, seconds }: RequestObservation): void {
    this.#requests.observe({ route, method, status: String(status) }, seconds);
  }

  observeEvent(event: StoreEvent): void {
    this.#events.inc({ type: event.type });
    const collection = String(event["collection"]);
    if (event.type === "write") this.#countWritten(collection, event);
    if (event.type === "index_probed") {
      const distance_metric = String(event["distance_metric"]);
      this.#recall.set({ collection, distance_metric }, Number(event["recall_at_10"]));
    }
    if (event.type === "index_metric_dropped") {
      this.#recall.remove({ collection, distance_metric: String(event["distance_metric"]) });
    }
    if (event.type === "collection_dropped") {
      for (const distance_metric of metrics) this.#recall.remove({ collection, distance_metric });
    }
  }

  /** Everything in the Prometheus text format. */
  async text(): Promise<string> {
    this.#rows.reset();
    this.#indexed.reset();
    this.#scrapeNode();
    for (const { collection, rows, indexed_rows } of await this.#figures.collections()) {
      this.#rows.set({ collection }, rows);
      this.#indexed.set({ collection }, indexed_rows);
    }
    return this.#registry.metrics();
  }

  #scrapeNode(): void {
    const disk = this.#figures.disk();
    if (disk) this.#free.set(disk.free_bytes);
    if (disk) this.#full.set(disk.full ? 1 : 0);
    const nodes = this.#figures.nodes();
    for (const state of nodeStates) {
      this.#nodes.set({ state }, nodes.filter((one) => one.state === state).length);
    }
  }

  #countWritten(collection: string, event: StoreEvent): void {
    for (const change of ["inserted", "updated", "deleted"] as const) {
      this.#written.inc({ collection, change }, Number(event[change]));
    }
  }

  close(): void {
    this.#delay.disable();
  }

  #loopGauge(): void {
    const delay = this.#delay;
    new Gauge({
      name: "dvesp_event_loop_delay_seconds",
      help: "Delay of the main thread's event loop since the last scrape",
      labelNames: ["quantile"],
      registers: [this.#registry],
      collect() {
        for (const quantile of [50, 99]) {
          const seconds = delay.percentile(quantile) / nanosecondsPerSecond;
          const late = Math.max(0, seconds - delayResolutionMs / 1000);
          this.set({ quantile: String(quantile / 100) }, late);
        }
        delay.reset();
      },
    });
  }

  #memoryGauge(): void {
    new Gauge({
      name: "dvesp_memory_bytes",
      help: "Memory of the process",
      labelNames: ["kind"],
      registers: [this.#registry],
      collect() {
        const { rss, heapUsed, external } = process.memoryUsage();
        this.set({ kind: "rss" }, rss);
        this.set({ kind: "heap" }, heapUsed);
        this.set({ kind: "external" }, external);
      },
    });
  }
}
