/** Runs spread over processes: each takes every `jobs`th seed, and tells of each run as it ends. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Told } from "./totals.js";

/** Which seeds a process takes: `first`, and each `stride`th after it up to `last`. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
  readonly stride: number;
}

/** The option by which a process is told that it is one of several. */
export const strideOption = "--stride";

/** What a run leaves behind is short-lived: with room for it a fifth less time goes into collecting it. */
const heapOptions = ["--max-semi-space-size=64"];

/** Resolves when all have ended. Errors: that a process ended before its seeds did. */
export async function runJobs(
  range: Omit<SeedRange, "stride">,
  jobs: number,
  onRun: (told: Told) => void,
): Promise<void> {
  const main = fileURLToPath(new URL(import.meta.url.replace("/jobs.", "/main.")));
  const ends = Array.from({ length: jobs }, (_, index) => {
    const own = ["--first", String(range.first + index), "--last", String(range.last)];
    // Of an option that is given twice the last one counts.
    const args = [...process.argv.slice(2), ...own, strideOption, String(jobs)];
    const child = fork(main, args, { execArgv: [...process.execArgv, ...heapOptions] });
    child.on("message", (told) => onRun(told as Told));
    return new Promise<void>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`process ${index} of the simulation: ${String(signal ?? code)}`));
      });
    });
  });
  await Promise.all(ends);
}
