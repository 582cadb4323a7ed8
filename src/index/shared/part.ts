/**
 * One graph of an index with the ordinals it stands for, as the builder sees it: row `r` of the graph
 * is the ordinal `first + r`. Rows are taken in in order, and rows dead by then are left out.
 */
import type { Random } from "../../base/index.js";
import type { SharedSpec } from "../index-spec.js";
import type { SharedRows } from "../shared-rows.js";
import { SharedGraph } from "./graph.js";
import { sampleMean } from "./mean.js";
import type { GraphWriters } from "./writers.js";

/** A centre over so many rows is as good as any, and a graph below that size need not be perfect. */
const centreRowsMin = 256;
const offCentreRowsMin = 2048;

export interface PartOptions {
  readonly spec: SharedSpec;
  readonly rows: SharedRows;
  readonly random: Random | undefined;
  /** Ordinal of the first row. */
  readonly first: number;
}

export interface HeldRows {
  /** Rows taken in, with those left out. */
  readonly count: number;
  /** Rows that were dead when their turn came. */
  readonly leftOut: number;
}

export class GraphPart {
  readonly first: number;
  readonly graph: SharedGraph;
  readonly #spec: SharedSpec;
  readonly #rows: SharedRows;
  #count: number;
  /** Rows that its centre was taken over; unknown of a restored graph. */
  #centredBy: number | undefined;
  /** Rows that were dead when their turn came. */
  #leftOut: number;

  private constructor({ spec, rows, first }: PartOptions, graph: SharedGraph, held: HeldRows) {
    this.#spec = spec;
    this.#rows = rows;
    this.first = first;
    this.graph = graph;
    this.#count = held.count;
    this.#leftOut = held.leftOut;
  }

  /** Errors: `STORAGE_FULL` when there is no memory. */
  static create(options: PartOptions): GraphPart {
    const { spec, rows, random } = options;
    const graph = SharedGraph.create(spec, rows.scratch.number, random);
    return new GraphPart(options, graph, { count: 0, leftOut: 0 });
  }

  /** `graph` holds these rows. */
  static restored(options: PartOptions, graph: SharedGraph, held: HeldRows): GraphPart {
    return new GraphPart(options, graph, held);
  }

  get count(): number {
    return this.#count;
  }

  get held(): HeldRows {
    return { count: this.#count, leftOut: this.#leftOut };
  }

  /** One past the last ordinal taken in. */
  get end(): number {
    return this.first + this.#count;
  }

  /** Whether the centre was taken over so few rows that better codes are to be had now. */
  get isOffCentre(): boolean {
    if (this.#centredBy === undefined || this.#spec.metric === "dot_product") return false;
    return this.#centredBy < centreRowsMin && this.#count >= offCentreRowsMin;
  }

  /** Takes the ordinals up to `to` in; false when there was no memory, and then none. */
  async take(to: number, writers: GraphWriters): Promise<boolean> {
    const { end } = this;
    if (to <= end) return true;
    if (!this.graph.reserve(to - this.first)) return false;
    if (this.#count === 0) this.#centre();
    this.#leftOut += this.#deadIn(end, to);
    await writers.add(this, end, to);
    this.#count = to - this.first;
    return true;
  }

  /** Leaves a row out of later walks. */
  remove(ordinal: number): void {
    if (ordinal >= this.first && ordinal < this.end) this.graph.remove(ordinal - this.first);
  }

  /** Rows that died after they were linked: each costs walks that meet it. Looks at all rows. */
  countDead(): number {
    return this.#deadIn(this.first, this.end) - this.#leftOut;
  }

  #deadIn(from: number, to: number): number {
    let dead = 0;
    for (let ordinal = from; ordinal < to; ordinal++) if (this.#rows.isDead(ordinal)) dead++;
    return dead;
  }

  #centre(): void {
    const { committed } = this.#rows;
    const { mean, count } = sampleMean(this.#rows, this.#spec.metric, this.first, committed);
    this.graph.centre(mean);
    this.#centredBy = count;
  }
}
