/**
 * Indexes of a shard by other metrics than the collection's own: started when searches ask for a metric often
 * (see metric-demand.ts), and again when a node starts that finds the directory of one; dropped, with
 * its directory, when nobody has asked for it for long.
 *
 * Starts and drops follow each other. Until an index has published, and after it was dropped, searches
 * by its metric scan: so nothing here is ever waited for by an operation.
 */
import { isDvespError, toDvespError } from "../../base/index.js";
import type { Clock, Timer } from "../../base/index.js";
import type { Metric } from "../../index/index.js";
import type { ActorRef } from "../../runtime/index.js";
import type { MetricDemand, MetricSearches } from "./metric-demand.js";
import type { Shard } from "./shard.js";

/** The builders of such indexes, as supervised children with a directory each. */
export interface MetricBuilders {
  ref(metric: Metric): ActorRef;
  /** Resolves when it runs. Errors: why it does not. */
  start(metric: Metric): Promise<void>;
  stop(metric: Metric): Promise<void>;
  /** Metrics whose index has a directory. */
  stored(): Promise<Metric[]>;
  removeFiles(metric: Metric): Promise<void>;
}

/** The shard that has them; see there. */
export type IndexOwner = Pick<
  Shard,
  "settings" | "id" | "addIndex" | "announceIndex" | "dropIndex"
>;

export interface MetricIndexesParts {
  readonly shard: IndexOwner;
  readonly builders: MetricBuilders;
  readonly demand: MetricDemand;
  readonly clock: Clock;
  readonly emit: (type: string, details: Readonly<Record<string, unknown>>) => void;
  /** How often it is looked whether an index is idle. */
  readonly lookMs: number;
}

type AddReason = "searches" | "restart";

export class MetricIndexes {
  readonly #parts: MetricIndexesParts;
  /** Metrics whose index is there, or is being started. */
  readonly #present = new Set<Metric>();
  #last: Promise<void> = Promise.resolve();
  #look: Timer | undefined;

  constructor(parts: MetricIndexesParts) {
    this.#parts = parts;
  }

  /** Starts the indexes of which there are files. Resolves when they are asked for, not when they run. */
  async restore(): Promise<void> {
    for (const metric of await this.#parts.builders.stored()) this.#add(metric, "restart");
  }

  /** Looks for idle indexes from now on, until `rest`. */
  watch(): void {
    this.#look = this.#parts.clock.after(this.#parts.lookMs, () => {
      this.#dropIdle();
      this.watch();
    });
  }

  rest(): void {
    this.#look?.cancel();
  }

  /** Notes what searchers were asked, and starts an index that is worth it. */
  note(asked: readonly MetricSearches[]): void {
    const { demand, clock } = this.#parts;
    const nowMs = clock.monotonic();
    for (const searches of asked) {
      demand.note(searches, nowMs);
      if (demand.isWanted(searches.metric, nowMs)) this.#add(searches.metric, "searches");
    }
  }

  /** Resolves when what was begun has ended. */
  settled(): Promise<void> {
    return this.#last;
  }

  #dropIdle(): void {
    const { demand, clock } = this.#parts;
    for (const metric of this.#present) {
      if (demand.isIdle(metric, clock.monotonic())) this.#drop(metric);
    }
  }

  #add(metric: Metric, reason: AddReason): void {
    const { index, distance_metric: own } = this.#parts.shard.settings;
    if (this.#present.has(metric) || metric === own || index.type === "flat") return;
    this.#present.add(metric);
    this.#inTurn(metric, () => this.#start(metric, reason));
  }

  #drop(metric: Metric): void {
    this.#present.delete(metric);
    this.#inTurn(metric, async () => {
      await this.#end(metric);
      await this.#parts.builders.removeFiles(metric);
      this.#emit("index_metric_dropped", { distance_metric: metric });
    });
  }

  async #start(metric: Metric, reason: AddReason): Promise<void> {
    const { shard, builders, demand, clock } = this.#parts;
    demand.answered(metric, clock.monotonic());
    shard.addIndex(metric, builders.ref(metric));
    try {
      await builders.start(metric);
      await shard.announceIndex(metric);
    } catch (error) {
      this.#present.delete(metric);
      await this.#end(metric);
      throw error;
    }
    this.#emit("index_metric_added", { distance_metric: metric, reason });
  }

  async #end(metric: Metric): Promise<void> {
    await this.#parts.shard.dropIndex(metric);
    await this.#parts.builders.stop(metric);
  }

  #inTurn(metric: Metric, task: () => Promise<void>): void {
    this.#last = this.#last.then(task).catch((error: unknown) => {
      // The shard is being stopped or dropped.
      if (isDvespError(error) && error.code === "CLOSED") return;
      const plain = toDvespError(error).toPlain();
      this.#emit("index_metric_failed", { distance_metric: metric, error: plain });
    });
  }

  #emit(type: string, details: Readonly<Record<string, unknown>>): void {
    const { settings, id } = this.#parts.shard;
    this.#parts.emit(type, { collection: settings.collection, shard: id, ...details });
  }
}
