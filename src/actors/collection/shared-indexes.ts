/**
 * A collection's indexes as its threads share them: one by its own metric, and at times others. For
 * each, who builds it and its newest publication, which a searcher that starts is given.
 */
import type { IndexPublication, Metric } from "../../index/index.js";
import type { ActorRef } from "../../runtime/index.js";

interface SharedIndex {
  readonly builder: ActorRef;
  publication: IndexPublication | undefined;
}

export class SharedIndexes {
  readonly #own: Metric;
  readonly #indexes = new Map<Metric, SharedIndex>();

  /** `builder`: of the index by the collection's own metric. */
  constructor(own: Metric, builder: ActorRef) {
    this.#own = own;
    this.add(own, builder);
  }

  add(metric: Metric, builder: ActorRef): void {
    this.#indexes.set(metric, { builder, publication: undefined });
  }

  remove(metric: Metric): void {
    this.#indexes.delete(metric);
  }

  /** Keeps a publication; false when its index is not there any more. */
  publish(publication: IndexPublication): boolean {
    const index = this.#indexes.get(publication.spec.metric);
    if (index) index.publication = publication;
    return index !== undefined;
  }

  get builders(): ActorRef[] {
    return [...this.#indexes.values()].map(({ builder }) => builder);
  }

  builder(metric: Metric): ActorRef | undefined {
    return this.#indexes.get(metric)?.builder;
  }

  get publications(): IndexPublication[] {
    const published = [...this.#indexes.values()].map(({ publication }) => publication);
    return published.filter((publication) => publication !== undefined);
  }

  /** Rows below this ordinal are in the newest publication. */
  indexed(metric: Metric): number {
    return this.#indexes.get(metric)?.publication?.indexed ?? 0;
  }

  /** Metrics that have an index beside the collection's own. */
  get others(): Metric[] {
    return [...this.#indexes.keys()].filter((metric) => metric !== this.#own);
  }
}
