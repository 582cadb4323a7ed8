/**
 * What the index suites work on: made data, a plain float64 model of exact search, and a replica's
 * rows with their builder and reader, kept beside the model.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { randomBelow, randomFraction, SystemDisk, type Random } from "../../src/base/index.js";
import {
  attachReader,
  openBuilder,
  ReplicaSearch,
  SharedRows,
  type Hits,
  type IndexBuilder,
  type IndexReader,
  type IndexSpec,
  type Metric,
  type ReplicaAnswer,
  type ReplicaQuery,
} from "../../src/index/index.js";

/** A normally distributed number (Box and Muller). */
export function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - randomFraction(random)));
  return radius * Math.cos(2 * Math.PI * randomFraction(random));
}

/** Shared rows that hold `packed`, all of it committed. */
export function sharedRowsOf(dimension: number, packed: Float32Array): SharedRows {
  const rows = SharedRows.create({ dimension });
  const count = packed.length / dimension;
  rows.reserve(count);
  rows.write(0, packed);
  rows.publish(count);
  rows.commit(count);
  return rows;
}

/** `count` packed rows without structure. */
export function looseRows(random: Random, count: number, dimension: number): Float32Array {
  return Float32Array.from({ length: count * dimension }, () => gaussian(random));
}

/**
 * Rows as real ones lie: clusters of different width, each spread over few of its directions.
 * Row i belongs to cluster `i % clusters`.
 */
export function clusteredRows(
  random: Random,
  count: number,
  dimension: number,
  clusters = 20,
): Float32Array {
  const directions = 8;
  const centres = looseRows(random, clusters, dimension);
  const bases = looseRows(random, clusters * directions, dimension);
  const rows = new Float32Array(count * dimension);
  for (let row = 0; row < count; row++) {
    const cluster = row % clusters;
    const weights = Array.from({ length: directions }, () => gaussian(random) * 0.4);
    for (let at = 0; at < dimension; at++) {
      let value = centres[cluster * dimension + at]! + 0.05 * gaussian(random);
      weights.forEach((weight, direction) => {
        value += weight * bases[(cluster * directions + direction) * dimension + at]!;
      });
      rows[row * dimension + at] = value;
    }
  }
  return rows;
}

/** The contract's distance in float64. */
export function trueDistance(metric: Metric, left: Float32Array, right: Float32Array): number {
  let product = 0;
  let squares = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let at = 0; at < left.length; at++) {
    const value = left[at]!;
    const other = right[at]!;
    product += value * other;
    squares += (value - other) ** 2;
    leftSquares += value * value;
    rightSquares += other * other;
  }
  if (metric === "l2") return Math.sqrt(squares);
  if (metric === "dot_product") return -product;
  if (leftSquares === 0 || rightSquares === 0) return 1;
  return 1 - product / Math.sqrt(leftSquares) / Math.sqrt(rightSquares);
}

/** What float32 arithmetic may differ by from `trueDistance`. */
export function tolerance(metric: Metric, left: Float32Array, right: Float32Array): number {
  if (metric === "cosine") return 2e-6;
  if (metric === "l2") return 1e-5 * trueDistance("l2", left, right) + 1e-18;
  return 2e-6 * lengthOf(left) * lengthOf(right) + 1e-37;
}

function lengthOf(vector: Float32Array): number {
  return Math.sqrt(-trueDistance("dot_product", vector, vector));
}

/** A replica's rows and index, and what they should hold. */
export class Replica {
  readonly vectors: Float32Array[] = [];
  readonly dead = new Set<number>();
  readonly rows: SharedRows;
  builder!: IndexBuilder;
  reader!: IndexReader;
  #last: { metric: Metric; query: Float32Array; distances: number[] } | undefined;

  private constructor(
    readonly spec: IndexSpec,
    readonly directory: string,
    readonly settle: ((builder: IndexBuilder) => Promise<void>) | undefined,
  ) {
    this.rows = SharedRows.create({ dimension: spec.dimension });
  }

  static async open(
    spec: IndexSpec,
    settle?: (builder: IndexBuilder) => Promise<void>,
  ): Promise<Replica> {
    const directory = await mkdtemp(join(tmpdir(), "dvesp-index-"));
    const replica = new Replica(spec, directory, settle);
    await replica.openBuilder();
    replica.reader = await attachReader(await replica.builder.publish(), replica.rows);
    return replica;
  }

  async openBuilder(): Promise<void> {
    const { spec, rows, directory } = this;
    this.builder = await openBuilder({ spec, rows, directory, disk: new SystemDisk() });
  }

  async close(): Promise<void> {
    this.reader.close();
    await this.builder.close();
    await rm(this.directory, { recursive: true });
  }

  append(packed: Float32Array): void {
    const first = this.vectors.length;
    const { dimension } = this.spec;
    for (let at = 0; at < packed.length; at += dimension) {
      this.vectors.push(packed.slice(at, at + dimension));
    }
    this.rows.reserve(this.vectors.length);
    this.rows.write(first, packed);
    this.rows.publish(this.vectors.length);
    this.rows.commit(this.vectors.length);
  }

  delete(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) {
      this.rows.markDead(ordinal);
      this.dead.add(ordinal);
    }
    this.builder.remove(Uint32Array.from(ordinals));
  }

  /** Indexes at most `count` rows and brings the reader up to that. */
  async build(count = Infinity): Promise<void> {
    await this.builder.add(count);
    await this.settle?.(this.builder);
    while ((await this.builder.upkeep("quiet")) === "now");
    await this.reader.refresh(await this.builder.publish());
  }

  search(query: ReplicaQuery): ReplicaAnswer {
    return new ReplicaSearch(this.rows, this.reader).search(query);
  }

  /** Ordinals of the live rows that `admits`, nearest first. */
  truth(
    metric: Metric,
    query: Float32Array,
    admits: (ordinal: number) => boolean = () => true,
  ): number[] {
    const distances = this.#distances(metric, query);
    return [...distances.keys()]
      .filter((ordinal) => !this.dead.has(ordinal) && admits(ordinal))
      .sort((left, right) => distances[left]! - distances[right]! || left - right);
  }

  /** Kept from one call to the next: a query is usually checked in several ways. */
  #distances(metric: Metric, query: Float32Array): readonly number[] {
    const last = this.#last;
    if (last?.metric === metric && last.query === query) {
      const { distances } = last;
      for (const vector of this.vectors.slice(distances.length)) {
        distances.push(trueDistance(metric, query, vector));
      }
      return distances;
    }
    this.#last = { metric, query, distances: [] };
    return this.#distances(metric, query);
  }

  /**
   * Searches, and checks all that holds for any search: as many hits as there are, in order, each
   * alive, admitted, once, and at its true distance. Returns the share of the nearest found, those
   * as near as the last of them counted in.
   */
  check(query: ReplicaQuery): { readonly recall: number; readonly answer: ReplicaAnswer } {
    const metric = query.metric ?? this.spec.metric;
    const admits = (ordinal: number): boolean => query.allow?.has(ordinal) ?? true;
    const truth = this.truth(metric, query.query, admits);
    const answer = this.search(query);
    const { ordinals, distances } = answer.hits;
    const wanted = Math.min(query.k, truth.length);
    expect(ordinals.length).toBe(wanted);
    expect(new Set(ordinals).size).toBe(wanted);
    this.#checkHits(metric, query.query, answer.hits);
    expect(ordinals.filter((ordinal) => this.dead.has(ordinal) || !admits(ordinal))).toHaveLength(
      0,
    );
    if (wanted === 0) return { recall: 1, answer };
    const last = this.vectors[truth[wanted - 1]!]!;
    const limit =
      trueDistance(metric, query.query, last) + 2 * tolerance(metric, query.query, last);
    const recall = distances.filter((distance) => distance <= limit).length / wanted;
    if (answer.exact) expect(recall).toBe(1);
    return { recall, answer };
  }

  #checkHits(metric: Metric, query: Float32Array, { ordinals, distances }: Hits): void {
    const truths = this.#distances(metric, query);
    const isWrong = (ordinal: number, at: number): boolean => {
      const slack = tolerance(metric, query, this.vectors[ordinal]!);
      return !(Math.abs(distances[at]! - truths[ordinal]!) <= slack);
    };
    const isOutOfOrder = (ordinal: number, at: number): boolean => {
      if (at === 0) return false;
      const before = distances[at - 1]!;
      return before > distances[at]! || (before === distances[at] && ordinals[at - 1]! > ordinal);
    };
    expect([...ordinals].filter(isWrong), "at a wrong distance").toEqual([]);
    expect([...ordinals].filter(isOutOfOrder), "out of order").toEqual([]);
  }
}

/** A query near row `ordinal`: the row with some noise. */
export function queryNear(random: Random, vector: Float32Array, noise = 0.1): Float32Array {
  return vector.map((value) => value + noise * gaussian(random));
}

/** `count` different numbers below `bound`. */
export function someOf(random: Random, count: number, bound: number): number[] {
  const picked = new Set<number>();
  while (picked.size < Math.min(count, bound)) picked.add(randomBelow(random, bound));
  return [...picked];
}
