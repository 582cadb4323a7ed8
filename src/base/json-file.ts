/** Small settings files: written whole beside the old one, synced, then put in its place. */
import { dirname } from "node:path";
import { diskErrorCode, toStorageError, type Disk } from "./disk.js";
import { DvespError } from "./errors.js";

/** The value in the file; undefined when there is none. Errors: `DATA_CORRUPTED`. */
export async function readJsonFile(disk: Disk, path: string): Promise<unknown> {
  const bytes = await readWhole(disk, path);
  if (!bytes) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new DvespError("DATA_CORRUPTED", `${path} is not JSON`, { cause });
  }
}

/** Replaces the file; durable when resolved. Errors: `STORAGE_FULL`. */
export async function writeJsonFile(disk: Disk, path: string, value: unknown): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await disk.unlink(temporary).catch(ignoreMissing);
    const file = await disk.open(temporary, "create");
    try {
      await file.write(Buffer.from(JSON.stringify(value, null, 2), "utf8"), 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await disk.rename(temporary, path);
    await disk.syncDirectory(dirname(path));
  } catch (error) {
    throw toStorageError(error, `cannot write ${path}`);
  }
}

async function readWhole(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await disk.open(path, "read");
    try {
      const bytes = new Uint8Array(await file.size());
      await file.read(bytes, 0);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

function ignoreMissing(error: unknown): void {
  if (diskErrorCode(error) !== "ENOENT") throw error;
}
