/**
 * The writer of an index of engine `shared`. What it adds is at once in the memory that readers walk;
 * a publication only tells them how far they may read, and how hard they must look. So it costs
 * nothing but, now and then, a calibration and a snapshot on disk.
 *
 * A graph fills one memory of 4 GiB at most. Rows beyond are not taken in: they stay fresh, and every
 * search scans them.
 */
import { setImmediate } from "node:timers/promises";
import { assert, DvespError, seededRandom, systemRandom } from "../../base/index.js";
import { calibrate } from "../calibration.js";
import { ExactScanner } from "../exact-scanner.js";
import type { SharedSpec } from "../index-spec.js";
import type { BuilderOptions, IndexBuilder } from "../vector-index.js";
import { efMax } from "./graph-layout.js";
import { SharedGraph } from "./graph.js";
import { sampleMean } from "./mean.js";
import type { SharedPublication } from "./publication.js";
import { GraphSnapshots, type GraphState, type Restored } from "./snapshots.js";
import { surveyGraph, type GraphHealth } from "./survey.js";
import { GraphWriters } from "./writers.js";

/** Calibrates again when the index has grown by this factor. */
const calibrationGrowth = 1.5;
/** Writes a snapshot when the index has grown by this factor. */
const snapshotGrowth = 1.25;

interface Successor {
  readonly graph: SharedGraph;
  readonly indexed: number;
}

export class SharedBuilder implements IndexBuilder {
  readonly publicationCost = "constant";
  readonly #options: BuilderOptions<SharedSpec>;
  readonly #snapshots: GraphSnapshots;
  readonly #scanner: ExactScanner;
  #graph: SharedGraph;
  /** What becomes the graph when it has as many rows. */
  #successor: Successor | undefined;
  readonly #writers: GraphWriters;
  #state: GraphState;
  /** Rows that the newest snapshot holds, or that one had no room for. */
  #savedAt: number;
  #generation: number;
  #published: SharedPublication | undefined;
  #isPublishing = false;

  private constructor(
    options: BuilderOptions<SharedSpec>,
    snapshots: GraphSnapshots,
    start: { readonly restored: Restored | undefined; readonly free: number },
  ) {
    const { spec, rows } = options;
    const { restored, free } = start;
    this.#options = options;
    this.#snapshots = snapshots;
    this.#scanner = new ExactScanner(rows);
    this.#writers = new GraphWriters(spec, rows, options.helpers);
    this.#graph = restored?.graph ?? SharedGraph.create(spec, rows.scratch.number, systemRandom);
    this.#state = restored ?? { indexed: 0, calibration: [], calibratedAt: 0 };
    this.#savedAt = this.#state.indexed;
    this.#generation = free;
  }

  static async open(options: BuilderOptions<SharedSpec>): Promise<SharedBuilder> {
    const snapshots = new GraphSnapshots(options);
    return new SharedBuilder(options, snapshots, await snapshots.open());
  }

  get indexed(): number {
    return this.#state.indexed;
  }

  async add(count: number): Promise<number> {
    assert(!this.#isPublishing, "nothing is added while the graph is published");
    const { rows, spec } = this.#options;
    const first = this.indexed;
    const end = Math.min(rows.committed, first + count, this.#graph.layout.rowsMax);
    if (first === 0 && end > 0) this.#graph.centre(sampleMean(rows, spec.metric));
    if (!this.#graph.reserve(end)) return 0;
    await this.#writers.add(this.#graph, first, end);
    this.#state = { ...this.#state, indexed: end };
    return end - first;
  }

  remove(ordinals: Uint32Array): void {
    assert(!this.#isPublishing, "nothing is removed while the graph is published");
    for (const ordinal of ordinals) {
      if (ordinal < this.indexed) this.#graph.remove(ordinal);
      if (this.#successor && ordinal < this.#successor.indexed)
        this.#successor.graph.remove(ordinal);
    }
  }

  /** Links rows again to which no path leads any more, and says how well the graph is. */
  survey(): Promise<GraphHealth> {
    assert(!this.#isPublishing, "nothing is linked while the graph is published");
    const { rows } = this.#options;
    return surveyGraph({ graph: this.#graph, rows, indexed: this.indexed, pause: setImmediate });
  }

  /**
   * Makes the graph anew of the rows that live, the next `count` of them, beside the one that readers
   * have and that goes on growing. True when all are in: the new graph has taken the place of the old,
   * for the next publication. Errors: `STORAGE_FULL` when there is no memory for both; the old stays.
   */
  async rebuild(count: number): Promise<boolean> {
    assert(!this.#isPublishing, "nothing is made anew while the graph is published");
    const { graph, indexed } = (this.#successor ??= this.#makeSuccessor());
    const end = Math.min(this.indexed, indexed + count);
    if (!graph.reserve(end)) {
      this.#successor = undefined;
      throw new DvespError("STORAGE_FULL", "no memory left for a second graph");
    }
    await this.#writers.add(graph, indexed, end);
    this.#successor = { graph, indexed: end };
    if (end < this.indexed) return false;
    this.#graph = graph;
    this.#successor = undefined;
    this.#published = undefined;
    this.#state = { ...this.#state, calibration: [], calibratedAt: 0 };
    return true;
  }

  async publish(): Promise<SharedPublication> {
    assert(!this.#isPublishing, "one publication at a time");
    if (this.#published?.indexed === this.indexed) return this.#published;
    this.#isPublishing = true;
    try {
      await this.#calibrate();
      const generation = this.#generation++;
      if (this.indexed >= this.#savedAt * snapshotGrowth) await this.#save(generation);
      const { spec } = this.#options;
      const { indexed, calibration } = this.#state;
      const { memory } = this.#graph;
      this.#published = { engine: "shared", spec, generation, indexed, calibration, memory };
      return this.#published;
    } finally {
      this.#isPublishing = false;
    }
  }

  async close(): Promise<void> {
    assert(!this.#isPublishing, "closed after its publication");
    if (this.indexed > this.#savedAt) await this.#save(this.#generation++);
  }

  #makeSuccessor(): Successor {
    const { rows, spec } = this.#options;
    const graph = SharedGraph.create(spec, rows.scratch.number, systemRandom);
    graph.centre(sampleMean(rows, spec.metric));
    return { graph, indexed: 0 };
  }

  async #save(generation: number): Promise<void> {
    await this.#snapshots.save(generation, this.#graph, this.#state);
    this.#savedAt = this.indexed;
  }

  async #calibrate(): Promise<void> {
    const { indexed, calibration, calibratedAt } = this.#state;
    if (calibration.length > 0 && indexed < calibratedAt * calibrationGrowth) return;
    const { metric } = this.#options.spec;
    const measured = await calibrate({
      scanner: this.#scanner,
      metric,
      indexed,
      walk: (query, k, ef) => {
        const walk = { query, wanted: Math.min(ef, efMax), ef, limit: indexed };
        return this.#scanner.rank({ query, metric, k }, this.#graph.walk(walk).ordinals);
      },
      random: seededRandom(indexed),
      pause: setImmediate,
    });
    this.#state = { indexed, calibration: measured, calibratedAt: indexed };
  }
}
