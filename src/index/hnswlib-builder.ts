/**
 * The writer of an index of engine `hnswlib`: grows a graph of its own in memory, and publishes it as
 * a snapshot file, which readers load. A publication writes the whole graph, so it should follow a
 * growth by a share of the index, not every row.
 */
import { setImmediate } from "node:timers/promises";
import { assert, seededRandom, toStorageError } from "../base/index.js";
import { AllowList } from "./allow-list.js";
import { calibrate, type Calibration } from "./calibration.js";
import { ExactScanner } from "./exact-scanner.js";
import { assertCompleteGraph } from "./hnswlib-file.js";
import { HnswlibGraph } from "./hnswlib-graph.js";
import type { HnswlibPublication } from "./hnswlib-publication.js";
import { SnapshotDirectory, type Manifest } from "./snapshot-directory.js";
import type { HnswSpec, IndexSpec } from "./index-spec.js";
import type { BuilderOptions, IndexBuilder, UpkeepNeed } from "./vector-index.js";

interface SnapshotDetails {
  readonly spec: IndexSpec;
  readonly indexed: number;
  readonly calibration: Calibration;
  /** Rows indexed when the calibration was measured. */
  readonly calibratedAt: number;
}

type Snapshot = Manifest<SnapshotDetails>;

/** Calibrates again when the index has grown by this factor. */
const calibrationGrowth = 1.5;
/** Rows taken in before other work of the thread gets its turn. */
const rowsPerTurn = 16;
/** Rows whose vectors are compared to tell whether a snapshot is of these rows. */
const comparedRows = 64;

export class HnswlibBuilder implements IndexBuilder {
  readonly publicationCost = "whole_index";
  readonly #options: BuilderOptions<HnswSpec>;
  readonly #snapshots: SnapshotDirectory<SnapshotDetails>;
  readonly #scanner: ExactScanner;
  #graph: HnswlibGraph;
  #indexed = 0;
  #published: Snapshot | undefined;
  #generation: number;
  #isChanged = true;
  #isPublishing = false;

  private constructor(
    options: BuilderOptions<HnswSpec>,
    snapshots: SnapshotDirectory<SnapshotDetails>,
    start: { readonly graph: HnswlibGraph; readonly newest?: Snapshot; readonly free: number },
  ) {
    this.#options = options;
    this.#snapshots = snapshots;
    this.#scanner = new ExactScanner(options.rows);
    this.#graph = start.graph;
    this.#generation = start.free;
    if (!start.newest) return;
    this.#published = start.newest;
    this.#indexed = start.newest.details.indexed;
    this.#isChanged = false;
  }

  static async open(options: BuilderOptions<HnswSpec>): Promise<HnswlibBuilder> {
    const { spec, rows, directory, disk } = options;
    const snapshots = new SnapshotDirectory<SnapshotDetails>(directory, disk);
    const { newest, free } = await snapshots.open(
      (details) => isSameSpec(details.spec, spec) && details.indexed <= rows.committed,
    );
    const graph =
      newest && (await loadIfOurs(snapshots.dataPath(newest.generation), newest, options));
    if (newest && graph) return new HnswlibBuilder(options, snapshots, { graph, newest, free });
    return new HnswlibBuilder(options, snapshots, { graph: HnswlibGraph.create(spec), free });
  }

  get indexed(): number {
    return this.#indexed;
  }

  async add(count: number): Promise<number> {
    assert(!this.#isPublishing, "nothing is added while the graph is written");
    const { rows } = this.#options;
    const taken = Math.min(count, rows.committed - this.#indexed);
    for (const end = this.#indexed + taken; this.#indexed < end; this.#indexed++) {
      if (!rows.isDead(this.#indexed)) {
        this.#graph.add(this.#indexed, rows.vector(this.#indexed));
      }
      if (this.#indexed % rowsPerTurn === 0) await setImmediate();
    }
    if (taken > 0) this.#isChanged = true;
    return taken;
  }

  get isPublished(): boolean {
    return this.#published !== undefined && !this.#isChanged;
  }

  /** All of it is done by publications. */
  upkeep(): Promise<UpkeepNeed> {
    return Promise.resolve("nothing");
  }

  remove(ordinals: Uint32Array): void {
    assert(!this.#isPublishing, "nothing is removed while the graph is written");
    ordinals.forEach((ordinal) => this.#graph.remove(ordinal));
    if (ordinals.length > 0) this.#isChanged = true;
  }

  async publish(): Promise<HnswlibPublication> {
    assert(!this.#isPublishing, "one publication at a time");
    if (this.#published && !this.#isChanged) return this.#publication(this.#published);
    this.#isPublishing = true;
    try {
      this.#published = await this.#writeSnapshot();
      this.#isChanged = false;
      return this.#publication(this.#published);
    } finally {
      this.#isPublishing = false;
    }
  }

  close(): Promise<void> {
    assert(!this.#isPublishing, "closed after its publication");
    this.#graph.close();
    return Promise.resolve();
  }

  async #writeSnapshot(): Promise<Snapshot> {
    const generation = this.#generation++;
    const previous = this.#published?.generation ?? generation;
    const details = await this.#details();
    const draft = this.#snapshots.draftPath(generation);
    try {
      await this.#graph.save(draft);
      await assertCompleteGraph(this.#options.disk, draft);
    } catch (error) {
      await this.#snapshots.discard(generation);
      throw toStorageError(error, "writing an index snapshot");
    }
    return this.#snapshots.seal(generation, details, previous);
  }

  async #details(): Promise<SnapshotDetails> {
    const { spec } = this.#options;
    const indexed = this.#indexed;
    const last = this.#published?.details;
    if (last && indexed < last.calibratedAt * calibrationGrowth) return { ...last, spec, indexed };
    const calibration = await calibrate({
      scanner: this.#scanner,
      metric: spec.metric,
      indexed,
      walk: (query, k, ef) =>
        this.#scanner.rank({ query, metric: spec.metric, k }, this.#graph.walk({ query, k, ef })),
      random: seededRandom(indexed),
      pause: setImmediate,
    });
    return { spec, indexed, calibration, calibratedAt: indexed };
  }

  #publication({ generation, details }: Snapshot): HnswlibPublication {
    const { indexed, calibration } = details;
    const { spec } = this.#options;
    const path = this.#snapshots.dataPath(generation);
    return { engine: "hnswlib", spec, generation, indexed, calibration, path };
  }
}

/** Whether both make the same graph; the recall aimed at is not part of it. */
function isSameSpec(left: IndexSpec, right: HnswSpec): boolean {
  return (
    left.engine === right.engine &&
    left.metric === right.metric &&
    left.dimension === right.dimension &&
    left.m === right.m &&
    left.efConstruction === right.efConstruction
  );
}

/** The graph of a snapshot, unless it cannot be read or is not a graph of exactly these rows. */
async function loadIfOurs(
  path: string,
  { details }: Snapshot,
  { spec, rows }: BuilderOptions<HnswSpec>,
): Promise<HnswlibGraph | undefined> {
  const graph = await HnswlibGraph.load(path, spec).catch(() => undefined);
  if (!graph) return undefined;
  const held = AllowList.of(graph.ordinals(), details.indexed);
  const step = Math.max(1, Math.floor(details.indexed / comparedRows));
  for (let ordinal = 0; ordinal < details.indexed; ordinal++) {
    if (rows.isDead(ordinal)) {
      graph.remove(ordinal);
      continue;
    }
    const isCompared = ordinal % step === 0;
    if (!held.has(ordinal) || (isCompared && !graph.holds(ordinal, rows.vector(ordinal)))) {
      graph.close();
      return undefined;
    }
  }
  return graph;
}
