/**
 * Snapshots of graphs: what is needed to go on after a restart without building anew. The memory is
 * what is searched; a snapshot is only written now and then, and may be lost.
 */
import { isDvespError, systemRandom, toStorageError, type Disk } from "../../base/index.js";
import type { Calibration } from "../calibration.js";
import type { SharedRows } from "../shared-rows.js";
import { SnapshotDirectory, type Manifest } from "../snapshot-directory.js";
import type { IndexSpec, SharedSpec } from "../index-spec.js";
import type { BuilderOptions } from "../vector-index.js";
import { graphFormat, readGraph, writeGraph } from "./graph-file.js";
import { SharedGraph } from "./graph.js";

export interface GraphState {
  readonly indexed: number;
  readonly calibration: Calibration;
  /** Rows indexed when the calibration was measured. */
  readonly calibratedAt: number;
}

interface SnapshotDetails extends GraphState {
  readonly spec: IndexSpec;
  readonly graphFormat: number;
}

export interface Restored extends GraphState {
  readonly graph: SharedGraph;
}

/** Rows whose codes are compared to tell whether a snapshot is of these rows. */
const comparedRows = 64;

export class GraphSnapshots {
  readonly #directory: SnapshotDirectory<SnapshotDetails>;
  readonly #disk: Disk;
  readonly #spec: SharedSpec;
  readonly #rows: SharedRows;
  #last = 0;

  constructor({ directory, disk, spec, rows }: BuilderOptions<SharedSpec>) {
    this.#directory = new SnapshotDirectory(directory, disk);
    this.#disk = disk;
    this.#spec = spec;
    this.#rows = rows;
  }

  /** The newest graph of these rows, if there is one, and the first generation that is free. */
  async open(): Promise<{ readonly restored: Restored | undefined; readonly free: number }> {
    const { newest, free } = await this.#directory.open(
      (details) =>
        isSameGraph(details.spec, this.#spec) &&
        details.graphFormat === graphFormat &&
        details.indexed <= this.#rows.committed,
    );
    this.#last = newest?.generation ?? 0;
    return { restored: newest && (await this.#load(newest)), free };
  }

  /**
   * Writes what is indexed; whether there was room on the disk. Without, the older snapshot stays.
   * Errors: `INTERNAL` when the disk fails.
   */
  async save(generation: number, graph: SharedGraph, state: GraphState): Promise<boolean> {
    const details = { ...state, spec: this.#spec, graphFormat };
    try {
      await this.#write(generation, graph, details);
    } catch (error) {
      if (isDvespError(error) && error.code === "STORAGE_FULL") return false;
      throw error;
    }
    this.#last = generation;
    return true;
  }

  async #write(generation: number, graph: SharedGraph, details: SnapshotDetails): Promise<void> {
    try {
      await writeGraph(this.#disk, this.#directory.draftPath(generation), graph, details.indexed);
    } catch (error) {
      await this.#directory.discard(generation);
      throw toStorageError(error, "writing an index snapshot");
    }
    await this.#directory.seal(generation, details, this.#last);
  }

  async #load({ generation, details }: Manifest<SnapshotDetails>): Promise<Restored | undefined> {
    const { indexed } = details;
    const graph = SharedGraph.create(this.#spec, this.#rows.scratch.number, systemRandom);
    if (!graph.reserve(indexed)) return undefined;
    const path = this.#directory.dataPath(generation);
    const isWhole = await readGraph(this.#disk, path, graph, indexed).catch(() => false);
    return isWhole && this.#isOurs(graph, indexed) ? { ...details, graph } : undefined;
  }

  /** Whether it is a graph of exactly these rows; removes those that have died since. */
  #isOurs(graph: SharedGraph, indexed: number): boolean {
    const step = Math.max(1, Math.floor(indexed / comparedRows));
    for (let ordinal = 0; ordinal < indexed; ordinal++) {
      if (this.#rows.isDead(ordinal)) {
        graph.remove(ordinal);
        continue;
      }
      if (graph.isRemoved(ordinal)) return false;
      if (ordinal % step === 0 && !graph.holds(ordinal, this.#rows.vector(ordinal))) return false;
    }
    return true;
  }
}

/** Whether both make the same graph; the recall aimed at is not part of it. */
function isSameGraph(left: IndexSpec, right: SharedSpec): boolean {
  return (
    left.engine === right.engine &&
    left.metric === right.metric &&
    left.dimension === right.dimension &&
    left.m === right.m &&
    left.efConstruction === right.efConstruction
  );
}
