/**
 * A shard's indexes as its threads share them: one by the collection's own metric, and at times others. For
 * each, who builds it and its newest publication, which a searcher that starts is given.
 */
import type { IndexPublication, Metric } from "../../index/index.js";
import type { ActorRef } from "../../runtime/index.js";

interface SharedIndex {
  readonly builder: ActorRef;
  publication: IndexPublication | undefined;
  /** Rows that the publication covers which all searchers have. */
  indexed: number;
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
    this.#indexes.set(metric, { builder, publication: undefined, indexed: 0 });
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

  /** Notes that all searchers have a publication. */
  attached({ spec, indexed }: IndexPublication): void {
    const index = this.#indexes.get(spec.metric);
    if (index) index.indexed = indexed;
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

  /** Rows below this ordinal are in the index of every searcher. */
  indexed(metric: Metric): number {
    return this.#indexes.get(metric)?.indexed ?? 0;
  }

  /** Metrics that have an index beside the collection's own. */
  get others(): Metric[] {
    return [...this.#indexes.keys()].filter((metric) => metric !== this.#own);
  }
}
