/**
 * Giving back vector files without live rows. First the table says durably that the file is dropped,
 * then it is removed; an opening after a crash in between removes it.
 */
import { join } from "node:path";
import type { Disk } from "../base/index.js";
import { ByteArena } from "./byte-arena.js";
import { encodeFile, readFiles, type FileRecord } from "./file-records.js";
import type { StoreHead } from "./records.js";
import type { OrdinalRange } from "./row-store.js";
import type { Table, TableSnapshot } from "./table.js";
import type { VectorLayout } from "./vector-layout.js";

/** A file with fewer live rows than this share of its places is worth emptying. */
const sparseShare = 0.4;

export interface DropParts {
  readonly disk: Disk;
  readonly directory: string;
  readonly table: Table;
  readonly layout: VectorLayout;
}

/** Drops one file without live rows; false if there is none. Errors: as of `Table.commit`. */
export async function dropEmptyFile(parts: DropParts, head: StoreHead): Promise<boolean> {
  const { disk, directory, table, layout } = parts;
  const empty = findFile(table, head, ({ liveRows }) => liveRows === 0);
  if (!empty) return false;
  await table.commit([encodeFile(new ByteArena(), { ...empty, dropped: true })]);
  await removeFile(disk, join(directory, layout.nameOf(layout.fileOf(empty.firstOrdinal))));
  await disk.syncDirectory(directory);
  return true;
}

/** The next opening removes what could not be removed. */
async function removeFile(disk: Disk, path: string): Promise<void> {
  await disk.unlink(path).catch(() => undefined);
}

/** The places of the file that has the fewest live rows, if they are few. */
export function sparseRange(table: Table, head: StoreHead): OrdinalRange | undefined {
  const { rowsPerFile } = head;
  const sparse = findFile(table, head, ({ liveRows }) => liveRows < rowsPerFile * sparseShare);
  return sparse && { from: sparse.firstOrdinal, to: sparse.firstOrdinal + rowsPerFile };
}

/** Of the full files that `fits` accepts, the one with the fewest live rows. */
function findFile(
  table: Table,
  head: StoreHead,
  fits: (file: FileRecord) => boolean,
): FileRecord | undefined {
  const snapshot = table.snapshot();
  try {
    return emptiest(snapshot, head, fits);
  } finally {
    snapshot.release();
  }
}

function emptiest(
  table: TableSnapshot,
  head: StoreHead,
  fits: (file: FileRecord) => boolean,
): FileRecord | undefined {
  let best: FileRecord | undefined;
  for (const file of readFiles(table)) {
    const isFull = file.firstOrdinal + head.rowsPerFile <= head.nextOrdinal;
    if (!isFull || file.dropped || !fits(file)) continue;
    if (!best || file.liveRows < best.liveRows) best = file;
  }
  return best;
}
