/** Bytes of the files in a directory of index snapshots. */
import { join } from "node:path";
import { diskErrorCode } from "../../base/index.js";
import type { Disk } from "../../base/index.js";

/** A file that is gone by the time it is asked counts nothing, as does a directory not made yet. */
export async function directoryBytes(disk: Disk, directory: string): Promise<number> {
  const names = await unlessGone(disk.list(directory), []);
  const sizes = await Promise.all(
    names.map((name) => unlessGone(fileBytes(disk, join(directory, name)), 0)),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function fileBytes(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, "read");
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}

async function unlessGone<Result>(task: Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    return await task;
  } catch (error) {
    if (diskErrorCode(error) === "ENOENT") return otherwise;
    throw error;
  }
}
