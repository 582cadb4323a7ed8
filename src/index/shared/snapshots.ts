/**
 * Snapshots of the graphs of an index, each with files of its own: what is needed to go on after a
 * restart without building anew. The memory is what is searched; a snapshot is only written now and
 * then, and may be lost.
 */
import { toStorageError, type Disk, type Random } from "../../base/index.js";
import type { Calibration } from "../calibration.js";
import type { SharedRows } from "../shared-rows.js";
import { SnapshotDirectory, type DataCheck, type Manifest } from "../snapshot-directory.js";
import type { IndexSpec, SharedSpec } from "../index-spec.js";
import type { BuilderOptions } from "../vector-index.js";
import { graphFormat, readGraph, writeGraph } from "./graph-file.js";
import { SharedGraph } from "./graph.js";
import { GraphPart, type HeldRows } from "./part.js";

/** What a builder knows of an index as a whole. */
export interface RecallState {
  readonly calibration: Calibration;
  /** Rows indexed when the calibration was measured. */
  readonly calibratedAt: number;
}

interface SnapshotDetails extends RecallState, HeldRows {
  readonly spec: IndexSpec;
  readonly graphFormat: number;
}

export interface RestoredPart extends RecallState {
  readonly part: GraphPart;
}

/** Rows whose codes are compared to tell whether a snapshot is of these rows. */
const comparedRows = 64;

export class GraphSnapshots {
  readonly #directory: SnapshotDirectory<SnapshotDetails>;
  readonly #disk: Disk;
  readonly #spec: SharedSpec;
  readonly #rows: SharedRows;
  readonly #random: Random | undefined;
  readonly #first: number;
  #last = 0;
  #free = 1;

  /** Those of graph `number`, whose first row is the ordinal `first`. */
  constructor(options: BuilderOptions<SharedSpec>, number: number, first: number) {
    const { directory, disk, spec, rows, random } = options;
    const name = number === 0 ? "" : `graph${number}`;
    this.#directory = new SnapshotDirectory(directory, disk, name);
    this.#disk = disk;
    this.#spec = spec;
    this.#rows = rows;
    this.#random = random;
    this.#first = first;
  }

  /** The newest graph of these rows, if there is one. */
  async restore(): Promise<RestoredPart | undefined> {
    const { manifests, free } = await this.#directory.list();
    this.#free = free;
    for (const manifest of manifests) {
      if (!this.#isUsable(manifest.details)) continue;
      const graph = await this.#load(manifest);
      if (!graph) continue;
      this.#last = manifest.generation;
      return this.#isOurs(graph, manifest.details) ? this.#restored(manifest, graph) : undefined;
    }
    return undefined;
  }

  /** A generation for the next snapshot. */
  begin(): number {
    return this.#free++;
  }

  /** Copies a part to a file, a chunk at a time; it must not change meanwhile. Errors: as `seal`. */
  async *copy(generation: number, part: GraphPart): AsyncGenerator<undefined, DataCheck> {
    try {
      await this.#disk.makeDirectory(this.#directory.directory);
      const path = this.#directory.draftPath(generation);
      return yield* writeGraph(this.#disk, path, part.graph, part.count);
    } catch (error) {
      await this.#directory.discard(generation);
      throw toStorageError(error, "writing an index snapshot");
    }
  }

  /** Makes what was copied outlast a crash. Errors: `STORAGE_FULL`, `INTERNAL`. */
  async seal(
    generation: number,
    held: HeldRows,
    state: RecallState,
    copied: DataCheck,
  ): Promise<void> {
    const details = { ...state, ...held, spec: this.#spec, graphFormat };
    await this.#directory.seal(generation, details, this.#last, copied);
    this.#last = generation;
  }

  #isUsable({ spec, graphFormat: format, count }: SnapshotDetails): boolean {
    const isOfThese = this.#first + count <= this.#rows.committed;
    return isSameGraph(spec, this.#spec) && format === graphFormat && count > 0 && isOfThese;
  }

  #restored({ details }: Manifest<SnapshotDetails>, graph: SharedGraph): RestoredPart {
    const options = {
      spec: this.#spec,
      rows: this.#rows,
      random: this.#random,
      first: this.#first,
    };
    const { calibration, calibratedAt, count, leftOut } = details;
    return {
      part: GraphPart.restored(options, graph, { count, leftOut }),
      calibration,
      calibratedAt,
    };
  }

  async #load(manifest: Manifest<SnapshotDetails>): Promise<SharedGraph | undefined> {
    const { generation, details, bytes, crc32 } = manifest;
    const graph = SharedGraph.create(this.#spec, this.#rows.scratch.number, this.#random);
    if (!graph.reserve(details.count)) return undefined;
    const path = this.#directory.dataPath(generation);
    const read = await readGraph(this.#disk, path, graph, details.count).catch(() => undefined);
    return read?.bytes === bytes && read.crc32 === crc32 ? graph : undefined;
  }

  /** Whether it is a graph of exactly these rows; removes those that have died since. */
  #isOurs(graph: SharedGraph, { count }: SnapshotDetails): boolean {
    const step = Math.max(1, Math.floor(count / comparedRows));
    for (let row = 0; row < count; row++) {
      const ordinal = this.#first + row;
      if (this.#rows.isDead(ordinal)) {
        graph.remove(row);
        continue;
      }
      if (graph.isRemoved(row)) return false;
      if (row % step === 0 && !graph.holds(row, this.#rows.vector(ordinal))) return false;
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
    left.efConstruction === right.efConstruction &&
    left.quantization === right.quantization &&
    left.graphRows === right.graphRows
  );
}
