/**
 * Opening a row store. The writer recovers first: it brings a directory that a crash left, at any
 * point, to exactly the last commit (docs/STORAGE-FORMAT.md, "Opening"). A reader changes nothing.
 */
import { join } from "node:path";
import {
  diskErrorCode,
  DvespError,
  invalid,
  limits,
  present,
  toStorageError,
  type Disk,
} from "../base/index.js";
import { planCreation } from "./commit-plan.js";
import { droppedFiles } from "./file-records.js";
import { IdFilter } from "./id-filter.js";
import { idRunLimits, type IdRunLimits } from "./id-merge.js";
import { IdRuns } from "./id-runs.js";
import { idOfKey, rangeOf, tags } from "./keys.js";
import { openLmdbTable } from "./lmdb-table.js";
import { corrupted, type StoreHead } from "./records.js";
import { readHead } from "./row-snapshot.js";
import type { RowStore } from "./row-store.js";
import { RowWriter } from "./row-writer.js";
import { TableRowStore } from "./table-row-store.js";
import type { OpenTable, Table } from "./table.js";
import { VectorFiles } from "./vector-files.js";
import {
  firstOrdinalOfName,
  rowsPerFile,
  vectorFileBytesDefault,
  VectorLayout,
} from "./vector-layout.js";

const mebi = 1024 * 1024;

/** Room that a full disk still has: for the next opening, for deletes, for whoever comes to help. */
export const rowReserveBytes = 64 * mebi;

export interface RowStoreOptions {
  /** One directory for one store. */
  readonly directory: string;
  readonly disk: Disk;
  readonly dimension: number;
  /** `write`: makes the store if it is not there; one writer at a time. `read`: it must be there. */
  readonly mode: "write" | "read";
  /** For a new store only; opaque here. */
  readonly settings?: Uint8Array;
  /** Default LMDB. */
  readonly openTable?: OpenTable;
  /** Commits are refused that would leave less room on the disk. Default 64 MiB. */
  readonly reserveBytes?: number;
  /** For a new store only: how long a vector file gets. Default 256 MiB. */
  readonly vectorFileBytes?: number;
  readonly idRuns?: IdRunLimits;
}

/** Where the table of a store is. */
export function tableDirectory(directory: string): string {
  return join(directory, "table");
}

/**
 * Errors: `INVALID_ARGUMENT` when there is no store to read; `DATA_CORRUPTED` when the directory holds
 * another dimension or format, or files are missing or short; `STORAGE_FULL`.
 */
export async function openRowStore(options: RowStoreOptions): Promise<RowStore> {
  try {
    return await (options.mode === "write" ? openForWriting(options) : openForReading(options));
  } catch (error) {
    throw toStorageError(error, `opening ${options.directory}`);
  }
}

async function openForReading(options: RowStoreOptions): Promise<RowStore> {
  const { disk, directory, dimension } = options;
  const table = await openExistingTable(options);
  try {
    const head = headOf(table);
    if (!head) throw invalid(`there is no row store in ${directory}`);
    const layout = layoutOf(head, dimension);
    const runs = new IdRuns();
    return new TableRowStore({ disk, directory, table, layout, runs, writing: undefined });
  } catch (error) {
    await table.close();
    throw error;
  }
}

/** The table of a store that is there. Errors: `INVALID_ARGUMENT`. */
export async function openExistingTable(
  options: Pick<RowStoreOptions, "disk" | "directory" | "openTable">,
): Promise<Table> {
  const directory = tableDirectory(options.directory);
  try {
    await options.disk.list(directory);
  } catch (error) {
    if (diskErrorCode(error) !== "ENOENT") throw error;
    throw invalid(`there is no row store in ${options.directory}`);
  }
  return (options.openTable ?? openLmdbTable)(directory, options.disk, "read");
}

async function openForWriting(options: RowStoreOptions): Promise<RowStore> {
  const { disk, directory, dimension } = options;
  const tables = tableDirectory(directory);
  await disk.makeDirectory(tables);
  const table = await (options.openTable ?? openLmdbTable)(tables, disk, "write");
  try {
    await disk.syncDirectory(tables);
    const head = headOf(table) ?? (await createStore(options, table));
    const layout = layoutOf(head, dimension);
    const vectors = new VectorFiles(disk, directory, layout);
    await vectors.recover(head.nextOrdinal, droppedFilesOf(table));
    const { reserveBytes = rowReserveBytes, idRuns = idRunLimits } = options;
    const runs = new IdRuns();
    const filter = filterOf(table, runs);
    const parts = { disk, directory, table, runs, filter };
    const writer = new RowWriter({ ...parts, vectors, layout, head, reserveBytes, idRuns });
    return new TableRowStore({ ...parts, layout, writing: { writer, filter } });
  } catch (error) {
    await table.close();
    throw error;
  }
}

async function createStore(options: RowStoreOptions, table: Table): Promise<StoreHead> {
  const { disk, directory, dimension } = options;
  if (!(dimension >= 1 && dimension <= limits.dimensionMax)) {
    throw invalid(`dimension ${dimension} is not between 1 and ${limits.dimensionMax}`);
  }
  const orphan = (await disk.list(directory)).find(
    (name) => firstOrdinalOfName(name) !== undefined,
  );
  if (orphan !== undefined) {
    throw corrupted(`${directory} has ${orphan}, but its table is empty: it is left as it is`);
  }
  const head: StoreHead = {
    dimension,
    rowsPerFile: rowsPerFile(dimension, options.vectorFileBytes ?? vectorFileBytesDefault),
    nextOrdinal: 0,
    rows: 0,
    firstRun: 0,
    nextRun: 0,
    appliedVersion: "",
    settings: options.settings ?? new Uint8Array(0),
  };
  await table.commit(planCreation(head));
  return head;
}

function droppedFilesOf(table: Table): ReadonlySet<number> {
  const snapshot = table.snapshot();
  try {
    return droppedFiles(snapshot);
  } finally {
    snapshot.release();
  }
}

/** Every id and tombstone of the table. */
function filterOf(table: Table, runs: IdRuns): IdFilter {
  const filter = new IdFilter();
  const snapshot = table.snapshot();
  try {
    for (const tag of [tags.id, tags.tombstone]) {
      for (const key of snapshot.keys(rangeOf(tag))) filter.add(idOfKey(key));
    }
    for (const run of runs.of(snapshot, present(readHead(snapshot), "the head record"))) {
      for (const { id } of run.entries(undefined)) filter.add(id);
    }
    return filter;
  } finally {
    snapshot.release();
  }
}

function headOf(table: Table): StoreHead | undefined {
  const snapshot = table.snapshot();
  try {
    return readHead(snapshot);
  } finally {
    snapshot.release();
  }
}

function layoutOf(head: StoreHead, dimension: number): VectorLayout {
  if (head.dimension !== dimension) {
    throw new DvespError(
      "DATA_CORRUPTED",
      `the store has dimension ${head.dimension}, not ${dimension}`,
    );
  }
  return new VectorLayout(head.dimension, head.rowsPerFile);
}
