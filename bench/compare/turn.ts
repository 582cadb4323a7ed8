/** Where several benchmarks share a machine: one of them has its turn while it holds a file's lock. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs `task` under `flock` on the file; at once when there is none. */
export async function takeTurn<Result>(
  path: string | undefined,
  task: () => Promise<Result>,
): Promise<Result> {
  if (path === undefined) return task();
  const holder = spawn("flock", [path, "sh", "-c", "echo held; cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  try {
    return await task();
  } finally {
    holder.stdin.end();
    await once(holder, "exit");
  }
}
