/**
 * The priority of a thread. On Linux each thread has a "nice" value of its own, which threads started by
 * it inherit, though POSIX has one for the process: setpriority(2), "C library/kernel differences".
 * Elsewhere the whole process would give way, so nothing is done there.
 */
import { getPriority, setPriority } from "node:os";

/** A third of the weight of a thread that did not give way: enough not to starve beside busy ones. */
const niceness = 5;
const niceMax = 19;

/** From now on this thread, and threads that it starts, give way to the other threads of the process. */
export function giveWay(): void {
  if (process.platform !== "linux") return;
  setPriority(Math.min(niceMax, getPriority() + niceness));
}
