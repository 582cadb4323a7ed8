/**
 * The writer of an index of lists. What it adds is at once in the memory that readers scan; a
 * publication only tells them how far they may read, and how many lists they must probe.
 *
 * It begins with one list; lists come, go and are moved by `rebalancing`, whenever somebody decides
 * so. An index fills one memory of 4 GiB at most. Rows beyond are not taken in: they stay fresh, and
 * every search scans them.
 */
import { setImmediate } from "node:timers/promises";
import { assert, seededRandom } from "../../base/index.js";
import { calibrate, type Calibration } from "../calibration.js";
import { ExactScanner } from "../exact-scanner.js";
import type { IvfSpec } from "../index-spec.js";
import { sampleMean } from "../shared/mean.js";
import type { BuilderOptions, IndexBuilder, UpkeepNeed } from "../vector-index.js";
import { wantedMax } from "./list-layout.js";
import { ListStore } from "./list-store.js";
import { ListRebalancing } from "./rebalancing.js";
import { listsOf } from "./probe-effort.js";
import type { IvfPublication } from "./publication.js";
import { ListSnapshots, type ListState } from "./snapshots.js";
import { train, type Training, type TrainingRequest } from "./training.js";

/** Rows added between two pauses: about a millisecond. */
const rowsBetweenPauses = 64;
/** Calibrates again when rows or lists have changed by this factor. */
const calibrationGrowth = 1.5;
/** Writes a snapshot when the index has grown by this factor. */
const snapshotGrowth = 1.25;

const emptyState: ListState = {
  indexed: 0,
  calibration: [],
  calibratedAt: 0,
  calibratedLists: 1,
  trainedRows: 0,
};

export class IvfBuilder implements IndexBuilder {
  readonly publicationCost = "constant";
  readonly rebalancing: ListRebalancing;
  readonly #options: BuilderOptions<IvfSpec>;
  readonly #snapshots: ListSnapshots;
  readonly #scanner: ExactScanner;
  readonly #store: ListStore;
  #indexed: number;
  #calibration: Calibration;
  #calibratedAt: number;
  #calibratedLists: number;
  /** Rows that the newest snapshot holds, or that one had no room for, and when lists were trained. */
  #savedAt: number;
  #savedTraining: number;
  #generation: number;
  #published: IvfPublication | undefined;
  #isPublishing = false;

  private constructor(
    options: BuilderOptions<IvfSpec>,
    snapshots: ListSnapshots,
    start: { readonly store: ListStore; readonly state: ListState; readonly free: number },
  ) {
    const { spec, rows } = options;
    const { store, state, free } = start;
    this.#options = options;
    this.#snapshots = snapshots;
    this.#scanner = new ExactScanner(rows);
    this.#store = store;
    this.#indexed = state.indexed;
    this.#calibration = state.calibration;
    this.#calibratedAt = state.calibratedAt;
    this.#calibratedLists = state.calibratedLists;
    this.#savedAt = state.indexed;
    this.#savedTraining = state.trainedRows;
    this.#generation = free;
    this.rebalancing = new ListRebalancing({
      spec,
      rows,
      store,
      trainedRows: state.trainedRows,
      indexed: () => this.#indexed,
      train: (request) => this.#train(request),
    });
  }

  static async open(options: BuilderOptions<IvfSpec>): Promise<IvfBuilder> {
    const snapshots = new ListSnapshots(options);
    const { restored, free } = await snapshots.open();
    const { spec, rows, random } = options;
    const store = restored?.store ?? ListStore.create(spec, rows.scratch.number, random);
    const state = restored?.state ?? emptyState;
    return new IvfBuilder(options, snapshots, { store, state, free });
  }

  get indexed(): number {
    return this.#indexed;
  }

  async add(count: number): Promise<number> {
    assert(!this.#isPublishing, "nothing is added while the index is published");
    const { rows, spec } = this.#options;
    const first = this.#indexed;
    const end = Math.min(rows.committed, first + count, this.#store.memory.layout.rowsMax);
    if (first === 0 && end > 0)
      this.#store.centre(sampleMean(rows, spec.metric, 0, rows.committed).mean);
    while (this.#indexed < end && this.#take(this.#indexed)) {
      this.#indexed++;
      if (this.#indexed % rowsBetweenPauses === 0) await setImmediate();
    }
    return this.#indexed - first;
  }

  get isPublished(): boolean {
    const last = this.#published;
    return last?.indexed === this.#indexed && last.calibration === this.#calibration;
  }

  /** Lists are changed by `rebalancing`; all else is done by publications. */
  upkeep(): Promise<UpkeepNeed> {
    return Promise.resolve("nothing");
  }

  /** Nothing to do: searches ask the rows' own flags, and lists lose the dead when rewritten. */
  remove(): void {
    assert(!this.#isPublishing, "nothing is removed while the index is published");
  }

  async publish(): Promise<IvfPublication> {
    assert(!this.#isPublishing, "one publication at a time");
    this.#isPublishing = true;
    try {
      await this.#calibrate();
      const { spec } = this.#options;
      const indexed = this.#indexed;
      const calibration = this.#calibration;
      const last = this.#published;
      if (last?.indexed === indexed && last.calibration === calibration) return last;
      const generation = this.#generation++;
      if (this.#isWorthSaving(snapshotGrowth)) await this.#save(generation);
      const { memory } = this.#store.memory;
      this.#published = {
        engine: "ivf",
        spec,
        generation,
        indexed,
        calibration,
        calibratedLists: this.#calibratedLists,
        memory,
      };
      return this.#published;
    } finally {
      this.#isPublishing = false;
    }
  }

  async close(): Promise<void> {
    assert(!this.#isPublishing, "closed after its publication");
    if (this.#isWorthSaving(1)) await this.#save(this.#generation++);
  }

  /** Rows have come, or lists were made anew, since the last snapshot. */
  #isWorthSaving(growth: number): boolean {
    const isTrained = this.rebalancing.trainedRows !== this.#savedTraining;
    const isGrown = this.#indexed > this.#savedAt && this.#indexed >= this.#savedAt * growth;
    return this.#indexed > 0 && (isTrained || isGrown);
  }

  async #save(generation: number): Promise<void> {
    const { trainedRows } = this.rebalancing;
    await this.#snapshots.save(generation, this.#store, {
      indexed: this.#indexed,
      calibration: this.#calibration,
      calibratedAt: this.#calibratedAt,
      calibratedLists: this.#calibratedLists,
      trainedRows,
    });
    this.#savedAt = this.#indexed;
    this.#savedTraining = trainedRows;
  }

  /** Whether there was memory for the row. */
  #take(ordinal: number): boolean {
    const { rows } = this.#options;
    if (rows.isDead(ordinal)) return true;
    const score = this.#store.add(ordinal, rows.vector(ordinal));
    if (score === undefined) return false;
    this.rebalancing.noteAdded(score);
    return true;
  }

  #train(request: TrainingRequest): Promise<Training> {
    const { runTask } = this.#options;
    if (!runTask) return train(request, () => setImmediate());
    const module = new URL("./training.js", import.meta.url).href;
    return runTask(module, "train", [request]) as Promise<Training>;
  }

  get #isCalibrationDue(): boolean {
    const { length: lists } = this.#store.lists;
    const isGrown = this.#indexed >= this.#calibratedAt * calibrationGrowth;
    const isOther =
      Math.max(lists / this.#calibratedLists, this.#calibratedLists / lists) >= calibrationGrowth;
    return this.#calibration.length === 0 || isGrown || isOther;
  }

  async #calibrate(): Promise<void> {
    if (!this.#isCalibrationDue) return;
    const { length: lists } = this.#store.lists;
    const { metric } = this.#options.spec;
    const limit = this.#indexed;
    const measured = await calibrate({
      scanner: this.#scanner,
      metric,
      indexed: limit,
      walk: (query, k, ef) => {
        const wanted = Math.min(Math.ceil(1.4 * k) + 1, wantedMax);
        const search = { query, wanted, lists: listsOf(ef), rows: 0, limit };
        return this.#scanner.rank({ query, metric, k }, this.#store.memory.search(search).ordinals);
      },
      random: seededRandom(limit),
      pause: () => setImmediate(),
    });
    if (measured.length > 0) this.#calibration = measured;
    this.#calibratedAt = limit;
    this.#calibratedLists = lists;
  }
}
