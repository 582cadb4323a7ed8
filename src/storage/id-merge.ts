/**
 * Moving runs of ids into the tree, once there are many of them. It goes in slices, each a transaction
 * of its own that goes on where the last one ended, in ascending order of ids: so it touches
 * neighbouring pages, and commits wait for one slice at most. Until the last slice removes the runs,
 * ids are found in both. A merge that a crash has ended begins again, and puts the same entries.
 */
import { ByteArena } from "./byte-arena.js";
import type { IdRun } from "./id-run.js";
import type { IdRuns } from "./id-runs.js";
import { headKey, idKey, numberKey, tags } from "./keys.js";
import { mergeById } from "./merge-by-id.js";
import { encodeHead, encodeOrdinal, type StoreHead } from "./records.js";
import type { IdEntry } from "./row-store.js";
import type { Table, TableSnapshot, TableWrite } from "./table.js";

/** When ids go into runs, and when runs into the tree. */
export interface IdRunLimits {
  /** From so many new rows in one commit on: fewer are put into the tree one by one. */
  readonly runIdsMin: number;
  /** A merge begins at so many ids in runs, or at an eighth of all rows if that is more. */
  readonly mergeIdsMin: number;
  /** Ids that one slice of a merge looks at. */
  readonly sliceIds: number;
}

/** A slice is a few milliseconds of work. */
export const idRunLimits: IdRunLimits = {
  runIdsMin: 512,
  mergeIdsMin: 100_000,
  sliceIds: 4096,
};

/** A merge goes through the whole tree, so it waits for a share of its size. */
const rowsShare = 1 / 8;
/** Every look-up by id asks every run. */
const runsMax = 128;

interface Merge {
  readonly endRun: number;
  /** Ids up to here are in the tree. */
  readonly after: Uint8Array | undefined;
}

interface MergeSlice {
  readonly writes: TableWrite[];
  /** Where the next slice goes on; undefined: all ids of the runs have been seen. */
  readonly after: Uint8Array | undefined;
}

export class IdMerger {
  readonly #table: Table;
  readonly #runs: IdRuns;
  readonly #limits: IdRunLimits;
  /** The one under way. */
  #merge: Merge | undefined;

  constructor(table: Table, runs: IdRuns, limits: IdRunLimits) {
    this.#table = table;
    this.#runs = runs;
    this.#limits = limits;
  }

  /**
   * One slice of a merge, if one is due or under way; the head after it, or nothing when there was
   * nothing to do. Errors: as of `Table.commit`.
   */
  async step(head: StoreHead): Promise<StoreHead | undefined> {
    const snapshot = this.#table.snapshot();
    let slice: MergeSlice;
    let merge: Merge;
    try {
      const runs = this.#runs.of(snapshot, head);
      if (!this.#merge && !this.#isDue(head, runs)) return undefined;
      merge = this.#merge ?? { endRun: head.nextRun, after: undefined };
      slice = this.#plan(snapshot, runs.slice(head.nextRun - merge.endRun), merge.after);
    } finally {
      snapshot.release();
    }
    const after = slice.after ? head : { ...head, firstRun: merge.endRun };
    if (!slice.after) slice.writes.push(...removal(head, after));
    await this.#table.commit(slice.writes);
    this.#merge = slice.after && { endRun: merge.endRun, after: slice.after };
    return after;
  }

  #isDue(head: StoreHead, runs: readonly IdRun[]): boolean {
    const ids = runs.reduce((sum, run) => sum + run.count, 0);
    const idsMax = Math.max(this.#limits.mergeIdsMin, head.rows * rowsShare);
    return runs.length > runsMax || ids > idsMax;
  }

  /** The puts of a slice of `runs`, ids above `after`; entries of rows that are gone are left out. */
  #plan(table: TableSnapshot, runs: readonly IdRun[], after: Uint8Array | undefined): MergeSlice {
    const arena = new ByteArena();
    const writes: TableWrite[] = [];
    let seen = 0;
    for (const hints of mergeById(runs.map((run) => run.entries(after)))) {
      const live = hints.find(({ ordinal }) => table.has(numberKey(tags.row, ordinal)));
      const { id } = hints[0] as IdEntry;
      if (live) writes.push(encodeOrdinal(arena, idKey(tags.id, id), live.ordinal));
      if (++seen === this.#limits.sliceIds) return { writes, after: id };
    }
    return { writes, after: undefined };
  }
}

/** The writes by which runs that are merged go. */
function removal(before: StoreHead, after: StoreHead): TableWrite[] {
  const writes = [encodeHead(new ByteArena(), headKey, after)];
  for (let run = before.firstRun; run < after.firstRun; run++) {
    writes.push({ key: numberKey(tags.run, run), value: undefined });
  }
  return writes;
}
