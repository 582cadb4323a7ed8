/** The name of the data of one replica, kept beside it: made with it, and never changed. */
import { join } from "node:path";
import { readJsonFile, writeJsonFile } from "../base/index.js";
import type { Disk } from "../base/index.js";

export interface DataIdentity {
  readonly identity: string;
  /** For what split it was made, if for one. */
  readonly split?: string;
}

const identityFile = "replica.json";

/** Undefined where there is no data. */
export async function readIdentity(
  disk: Disk,
  directory: string,
): Promise<DataIdentity | undefined> {
  const kept = await readJsonFile(disk, join(directory, identityFile));
  const { identity, split } = (kept ?? {}) as { readonly [member in keyof DataIdentity]?: unknown };
  if (typeof identity !== "string") return undefined;
  return { identity, ...(typeof split === "string" && { split }) };
}

/** An empty directory for data of that name. */
export async function makeIdentity(
  disk: Disk,
  directory: string,
  identity: DataIdentity,
): Promise<void> {
  await disk.removeDirectory(directory);
  await disk.makeDirectory(directory);
  await writeJsonFile(disk, join(directory, identityFile), identity);
}
