/**
 * Snapshots of lists: what is needed to go on after a restart without training and moving rows anew.
 * The memory is what is searched; a snapshot is only written now and then, and may be lost.
 */
import { isDvespError, toStorageError } from "../../base/index.js";
import type { Calibration } from "../calibration.js";
import type { IndexSpec, IvfSpec } from "../index-spec.js";
import { SnapshotDirectory, type Manifest } from "../snapshot-directory.js";
import type { BuilderOptions } from "../vector-index.js";
import { listFormat, readLists, writeLists } from "./list-file.js";
import { slot } from "./list-layout.js";
import { ListStore } from "./list-store.js";

export interface ListState {
  readonly indexed: number;
  readonly calibration: Calibration;
  /** Rows and lists when the calibration was measured. */
  readonly calibratedAt: number;
  readonly calibratedLists: number;
  /** Rows when all lists were last made anew. */
  readonly trainedRows: number;
}

interface SnapshotDetails extends ListState {
  readonly spec: IndexSpec;
  readonly listFormat: number;
}

export interface RestoredLists {
  readonly state: ListState;
  readonly store: ListStore;
}

/** Rows whose codes are compared to tell whether a snapshot is of these rows. */
const comparedRows = 64;

export class ListSnapshots {
  readonly #options: BuilderOptions<IvfSpec>;
  readonly #directory: SnapshotDirectory<SnapshotDetails>;
  #last = 0;

  constructor(options: BuilderOptions<IvfSpec>) {
    this.#options = options;
    this.#directory = new SnapshotDirectory(options.directory, options.disk);
  }

  /** The newest lists of these rows, if there are some, and the first generation that is free. */
  async open(): Promise<{ readonly restored: RestoredLists | undefined; readonly free: number }> {
    const { spec, rows } = this.#options;
    const { newest, free } = await this.#directory.open(
      (details) =>
        isSame(details.spec, spec) &&
        details.listFormat === listFormat &&
        details.indexed <= rows.committed,
    );
    this.#last = newest?.generation ?? 0;
    return { restored: newest && (await this.#load(newest)), free };
  }

  /**
   * Writes all lists; whether there was room on the disk. Without, the older snapshot stays. The lists
   * must not change meanwhile. Errors: `INTERNAL` when the disk fails.
   */
  async save(generation: number, store: ListStore, state: ListState): Promise<boolean> {
    try {
      await this.#write(generation, store, state);
    } catch (error) {
      if (isDvespError(error) && error.code === "STORAGE_FULL") return false;
      throw error;
    }
    this.#last = generation;
    return true;
  }

  async #write(generation: number, store: ListStore, state: ListState): Promise<void> {
    const { disk, spec } = this.#options;
    try {
      await writeLists(disk, this.#directory.draftPath(generation), store);
    } catch (error) {
      await this.#directory.discard(generation);
      throw toStorageError(error, "writing an index snapshot");
    }
    await this.#directory.seal(generation, { ...state, spec, listFormat }, this.#last);
  }

  async #load({
    generation,
    details,
  }: Manifest<SnapshotDetails>): Promise<RestoredLists | undefined> {
    const { disk, spec, rows, random } = this.#options;
    const store = ListStore.create(spec, rows.scratch.number, random);
    const path = this.#directory.dataPath(generation);
    const isWhole = await readLists(disk, path, store).catch(() => false);
    return isWhole && this.#isOurs(store, details.indexed) ? { state: details, store } : undefined;
  }

  /** Whether it holds every row that lives, each once, and codes of these rows. */
  #isOurs(store: ListStore, indexed: number): boolean {
    const { rows } = this.#options;
    const step = Math.max(1, Math.floor(indexed / comparedRows));
    const held = new Uint8Array(indexed);
    for (const list of store.lists) {
      for (const { record, ordinal } of store.rowsOf(list)) {
        if (ordinal >= indexed || held[ordinal] === 1) return false;
        held[ordinal] = 1;
        if (ordinal % step === 0 && !isCodeOf(store, record, rows.vector(ordinal))) return false;
      }
    }
    return held.every((isHeld, ordinal) => isHeld === 1 || rows.isDead(ordinal));
  }
}

function isCodeOf(store: ListStore, record: number, vector: Float32Array): boolean {
  const { scratch, layout } = store.memory;
  store.encode(vector, store.table);
  const codeBytes = layout.codeBytes + 8;
  const made = store.bytesOf(scratch + slot.record).subarray(0, codeBytes);
  return Buffer.compare(made, store.bytesOf(record).subarray(0, codeBytes)) === 0;
}

/** Whether both make the same lists; the recall aimed at, and their number, are not part of it. */
function isSame(left: IndexSpec, right: IvfSpec): boolean {
  return (
    left.engine === right.engine &&
    left.metric === right.metric &&
    left.dimension === right.dimension
  );
}
