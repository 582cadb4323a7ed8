/** CPU time of this process by thread, where the system tells it (Linux). */
import { readFileSync, readdirSync } from "node:fs";

export interface ThreadCpu {
  readonly mainUs: number;
  /** All other threads: searchers, and helpers of the engine that compile and collect garbage. */
  readonly othersUs: number;
}

const tasks = "/proc/self/task";

export function threadCpu(): ThreadCpu {
  let mainUs = 0;
  let othersUs = 0;
  for (const task of readdirSync(tasks)) {
    const us = runUs(task);
    if (task === String(process.pid)) mainUs += us;
    else othersUs += us;
  }
  return { mainUs, othersUs };
}

/** A thread may end between being listed and being read. */
function runUs(task: string): number {
  try {
    return Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]) / 1000;
  } catch {
    return 0;
  }
}
