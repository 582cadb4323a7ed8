/** Whether a directory holds the data of one node, or of several under a parent. */
import { join } from "node:path";
import { diskErrorCode } from "../base/index.js";
import type { Disk } from "../base/index.js";

const nodePattern = /^node-\d+$/;

/** Whether the data of a node that is alone is there. */
export function holdsOneNode(disk: Disk, data: string): Promise<boolean> {
  return isDirectory(disk, join(data, "collections"));
}

/** Whether nodes of a cluster, or their parent, have their data there. */
export function holdsCluster(disk: Disk, data: string): Promise<boolean> {
  return isDirectory(disk, join(data, "cluster"));
}

/** Directories of the nodes of a cluster. */
export async function nodeDirectories(disk: Disk, data: string): Promise<string[]> {
  const names = (await disk.list(data)).filter((name) => nodePattern.test(name));
  return names.map((name) => join(data, name));
}

async function isDirectory(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.list(path);
    return true;
  } catch (error) {
    const code = diskErrorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    return false;
  }
}
