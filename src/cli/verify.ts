/** `dvesp verify`: is everything that a data directory holds what was written? */
import { basename } from "node:path";
import { SystemDisk, systemClock } from "../base/index.js";
import { verifyDirectory } from "../node/index.js";
import type { ShardReport } from "../node/index.js";
import { systemStorage } from "../storage/index.js";
import { holdsCluster, nodeDirectories } from "./data-layout.js";

/** Of a shard, and which node's it is where there are several. */
interface Report extends ShardReport {
  readonly node?: string;
}

/** Prints what was found to `output`; whether all is sound. Errors: `DIRECTORY_LOCKED`. */
export async function verifyData(
  directory: string,
  json: boolean,
  output: NodeJS.WritableStream,
): Promise<boolean> {
  const isCluster = await holdsCluster(new SystemDisk(), directory);
  const reports: readonly Report[] = await (isCluster
    ? verifyNodes(directory)
    : verifyDirectory(directory));
  const problems = reports.flatMap((one) => one.problems);
  if (json) output.write(`${JSON.stringify({ sound: problems.length === 0, reports })}\n`);
  else {
    for (const { node, collection, shard, rows, root, problems: found } of reports) {
      const where = node === undefined ? "" : `${node} `;
      output.write(`${where}${collection}/${shard}: ${rows} rows, root ${root.slice(0, 16)}…, `);
      output.write(`${found.length === 0 ? "sound" : `${found.length} problems`}\n`);
      for (const problem of found) output.write(`  ${problem}\n`);
    }
    output.write(`${problems.length === 0 ? "all sound" : "PROBLEMS FOUND"}\n`);
  }
  return problems.length === 0;
}

/** All nodes under a parent that does not run. */
async function verifyNodes(directory: string): Promise<Report[]> {
  const lock = systemStorage.lock(directory, systemClock);
  try {
    const reports: Report[] = [];
    for (const path of await nodeDirectories(new SystemDisk(), directory)) {
      const node = basename(path);
      reports.push(...(await verifyDirectory(path)).map((one) => ({ node, ...one })));
    }
    return reports;
  } finally {
    lock.release();
  }
}
