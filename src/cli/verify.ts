/** `dvesp verify`: is everything that a data directory holds what was written? */
import { verifyDirectory } from "../node/index.js";

/** Prints what was found to `output`; whether all is sound. Errors: `DIRECTORY_LOCKED`. */
export async function verifyData(
  directory: string,
  json: boolean,
  output: NodeJS.WritableStream,
): Promise<boolean> {
  const reports = await verifyDirectory(directory);
  const problems = reports.flatMap((one) => one.problems);
  if (json) output.write(`${JSON.stringify({ sound: problems.length === 0, reports })}\n`);
  else {
    for (const { collection, shard, rows, root, problems: found } of reports) {
      output.write(`${collection}/${shard}: ${rows} rows, root ${root.slice(0, 16)}…, `);
      output.write(`${found.length === 0 ? "sound" : `${found.length} problems`}\n`);
      for (const problem of found) output.write(`  ${problem}\n`);
    }
    output.write(`${problems.length === 0 ? "all sound" : "PROBLEMS FOUND"}\n`);
  }
  return problems.length === 0;
}
