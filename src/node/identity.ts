/**
 * Who this node is: a name that is made once and kept in its data directory. Versions and answers
 * carry it, so it must never change while the data lives.
 */
import { join } from "node:path";
import { DvespError, randomUuid, readJsonFile, writeJsonFile } from "../base/index.js";
import type { Disk, Random } from "../base/index.js";

const fileName = "node.json";
const formatVersion = 1;

interface NodeFile {
  readonly format: number;
  readonly node_id: string;
}

/** The name kept in `directory`, or a new one. Errors: `DATA_CORRUPTED` for another format. */
export async function nodeIdentity(disk: Disk, directory: string, random: Random): Promise<string> {
  const path = join(directory, fileName);
  const kept = (await readJsonFile(disk, path)) as Partial<NodeFile> | null | undefined;
  if (kept !== undefined) {
    if (kept?.format === formatVersion && typeof kept.node_id === "string") return kept.node_id;
    throw new DvespError("DATA_CORRUPTED", `${path} is not of this version's format`);
  }
  const node_id = `n${randomUuid(random).slice(0, 8)}`;
  await writeJsonFile(disk, path, { format: formatVersion, node_id });
  return node_id;
}
