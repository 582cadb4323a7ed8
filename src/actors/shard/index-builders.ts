/**
 * The builders of a shard's indexes as children of the shard's supervisor, one for each metric
 * that has an index, with a directory each:
 *
 *   builder/<collection>/<shard>            index/            by the collection's own metric, always there
 *   builder/<collection>/<shard>/<metric>   index-<metric>/   by another one
 */
import { join } from "node:path";
import type { Disk } from "../../base/index.js";
import { metrics } from "../../index/index.js";
import type { Metric } from "../../index/index.js";
import type { CollectionSettings } from "../../protocol/index.js";
import type { ActorRef, ActorSystem, Address } from "../../runtime/index.js";
import type { ChildSpec, Supervisor } from "../../supervisors/index.js";
import { indexedCollection } from "../collection/settings.js";
import type { IndexBuilderArgs } from "../index-builder/open-index.js";
import type { MetricBuilders } from "./metric-indexes.js";
import { onHost } from "./on-host.js";

export interface IndexBuildersParts {
  readonly settings: CollectionSettings;
  readonly shard: number;
  /** The shard's. */
  readonly directory: string;
  readonly disk: Disk;
  readonly system: ActorSystem;
  readonly supervisor: () => Supervisor;
  /** Of who builds the index by the collection's own metric; the others live beside it. */
  readonly own: Address;
  /** Told of each publication. */
  readonly owner: Address;
  /** Threads that may help each of them. */
  readonly helpers: number;
  readonly attachments: () => readonly unknown[];
}

const module = new URL("../index-builder/actor.js", import.meta.url).href;

export class IndexBuilders implements MetricBuilders {
  readonly #parts: IndexBuildersParts;

  constructor(parts: IndexBuildersParts) {
    this.#parts = parts;
  }

  /** The builder of the index by a metric, to be supervised. */
  spec(metric: Metric): ChildSpec {
    const { settings, shard, owner, helpers, attachments } = this.#parts;
    const args: IndexBuilderArgs = {
      collection: settings.collection,
      shard,
      directory: this.#directory(metric),
      index: { ...indexedCollection(settings), metric },
      helpers,
      owner,
    };
    return onHost(this.#address(metric), module, args, attachments);
  }

  ref(metric: Metric): ActorRef {
    return this.#parts.system.ref(this.#address(metric));
  }

  async start(metric: Metric): Promise<void> {
    await this.#parts.supervisor().startChild(this.spec(metric));
  }

  stop(metric: Metric): Promise<void> {
    return this.#parts.supervisor().stopChild(this.#address(metric).name);
  }

  async stored(): Promise<Metric[]> {
    const { settings, disk, directory } = this.#parts;
    const names = new Set(await disk.list(directory));
    const others = metrics.filter((metric) => metric !== settings.distance_metric);
    return others.filter((metric) => names.has(directoryName(metric)));
  }

  removeFiles(metric: Metric): Promise<void> {
    return this.#parts.disk.removeDirectory(this.#directory(metric));
  }

  #address(metric: Metric): Address {
    const { settings, own } = this.#parts;
    if (metric === settings.distance_metric) return own;
    return { host: own.host, name: `${own.name}/${metric}` };
  }

  #directory(metric: Metric): string {
    const { settings, directory } = this.#parts;
    const isOwn = metric === settings.distance_metric;
    return join(directory, isOwn ? "index" : directoryName(metric));
  }
}

function directoryName(metric: Metric): string {
  return `index-${metric}`;
}
