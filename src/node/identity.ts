/**
 * Who this node is: a name that is made once, or given by its cluster, and kept in its data directory.
 * Versions and answers carry it, so it must never change while the data lives.
 */
import { join } from "node:path";
import { DvespError, invalid, randomUuid, readJsonFile, writeJsonFile } from "../base/index.js";
import type { Disk, Random } from "../base/index.js";

const fileName = "node.json";
const formatVersion = 1;

interface NodeFile {
  readonly format: number;
  readonly node_id: string;
  /** Of the cluster to which the data belongs; a node that is alone has none. */
  readonly cluster_id?: string;
}

/**
 * The name kept in `directory`, or a new one. Errors: `DATA_CORRUPTED` for another format,
 * `INVALID_ARGUMENT` for the data of a node of a cluster.
 */
export async function nodeIdentity(disk: Disk, directory: string, random: Random): Promise<string> {
  const kept = await readNodeFile(disk, directory);
  if (kept?.cluster_id !== undefined) {
    throw invalid(`${directory} holds the data of node ${kept.node_id} of a cluster`);
  }
  if (kept) return kept.node_id;
  const node_id = `n${randomUuid(random).slice(0, 8)}`;
  await writeNodeFile(disk, directory, { format: formatVersion, node_id });
  return node_id;
}

/**
 * Makes sure that `directory` is that of this node of this cluster, or of none yet. Errors:
 * `INVALID_ARGUMENT` when it belongs to another one, `DATA_CORRUPTED`.
 */
export async function clusterIdentity(
  disk: Disk,
  directory: string,
  { node_id, cluster_id }: { readonly node_id: string; readonly cluster_id: string },
): Promise<void> {
  const kept = await readNodeFile(disk, directory);
  if (!kept) {
    await writeNodeFile(disk, directory, { format: formatVersion, node_id, cluster_id });
  } else if (kept.node_id !== node_id || kept.cluster_id !== cluster_id) {
    const owner = kept.cluster_id === undefined ? "alone" : `of cluster ${kept.cluster_id}`;
    throw invalid(`${directory} holds the data of another node: ${kept.node_id}, ${owner}`);
  }
}

/** Whether the data there is that of one of several nodes. Errors: `DATA_CORRUPTED`. */
export async function belongsToCluster(disk: Disk, directory: string): Promise<boolean> {
  return (await readNodeFile(disk, directory))?.cluster_id !== undefined;
}

async function readNodeFile(disk: Disk, directory: string): Promise<NodeFile | undefined> {
  const path = join(directory, fileName);
  const kept = (await readJsonFile(disk, path)) as Partial<NodeFile> | null | undefined;
  if (kept === undefined) return undefined;
  if (kept?.format === formatVersion && typeof kept.node_id === "string") return kept as NodeFile;
  throw new DvespError("DATA_CORRUPTED", `${path} is not of this version's format`);
}

function writeNodeFile(disk: Disk, directory: string, file: NodeFile): Promise<void> {
  return writeJsonFile(disk, join(directory, fileName), file);
}
