/**
 * What a replica does between writes: small steps of storage's own upkeep, as many as the rows of a
 * commit owe and more while idle, and the moving of rows out of vector files that are mostly dead.
 * A write that comes waits for one step at most.
 */
import { isDvespError } from "../../base/index.js";
import type { Clock, Timer } from "../../base/index.js";
import type { SharedRows } from "../../index/index.js";
import type { RowStore } from "../../storage/index.js";
import { RowMover } from "./row-mover.js";
import { PlannedRows } from "./planned-rows.js";

/** New rows for which one step is due: what they leave to do never piles up. */
const rowsPerStep = 4096;
/** Between two moves: they leave the disk and the index builder time for others. */
const moveEveryMs = 200;
/** After a move for which there was no room. */
const retryMs = 30_000;

export interface UpkeepParts {
  readonly store: RowStore;
  readonly rows: SharedRows;
  readonly clock: Clock;
  /** Commits a plan that no write asked for. */
  readonly commit: (plan: PlannedRows) => Promise<unknown>;
  /** Called when it is time to move rows, if no write comes first. */
  readonly wake: () => void;
}

export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #mover: RowMover;
  #pauseMs = moveEveryMs;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#mover = new RowMover(parts.store, parts.rows);
    // An earlier life may have left something to do.
    this.#timer = parts.clock.after(moveEveryMs, parts.wake);
  }

  /** Steps of storage's upkeep, after a commit of `newRows` rows, until `isWanted` elsewhere. */
  async run(newRows: number, isWanted: () => boolean): Promise<void> {
    const owed = 1 + Math.ceil(newRows / rowsPerStep);
    for (let step = 0; step < owed || !isWanted(); step++) {
      if (this.#stopped || !(await unlessFull(() => this.#parts.store.maintain()))) return;
    }
  }

  /** Moves a few rows of a mostly dead file, if there is one; what was moved. */
  async move(): Promise<PlannedRows | undefined> {
    const { store, commit } = this.#parts;
    const snapshot = store.snapshot();
    const plan = new PlannedRows(snapshot, store.dimension, store.nextOrdinal);
    try {
      const move = this.#mover.next(snapshot);
      if (!move) return undefined;
      plan.move(move.rows, move.vectors);
    } finally {
      snapshot.release();
    }
    const done = await unlessFull(() => commit(plan).then(() => true));
    this.#pauseMs = done ? moveEveryMs : retryMs;
    return done ? plan : undefined;
  }

  /** Asks to be woken for the next move, if there will be one. */
  pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#stopped || !this.#mover.isDue) return;
    this.#timer = this.#parts.clock.after(this.#pauseMs, this.#parts.wake);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}

/** False when there was no room: it goes on when there is again. */
async function unlessFull(task: () => Promise<boolean>): Promise<boolean> {
  try {
    return await task();
  } catch (error) {
    if (isDvespError(error) && error.code === "STORAGE_FULL") return false;
    throw error;
  }
}
