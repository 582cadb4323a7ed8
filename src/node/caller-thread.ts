/** How far a node makes a searcher of the thread that opened it. */
import { availableParallelism } from "node:os";
import { LoopTurn } from "../actors/index.js";
import type { CallerThread } from "../actors/index.js";
import { yieldToEventLoop } from "../runtime/index.js";
import type { ActorSystem } from "../runtime/index.js";
import type { ThreadCounts } from "./hosts.js";
import type { NodeTuning } from "./tuning.js";

/** Undefined: not at all. */
export function callerThread(
  { system, tuning }: { readonly system: ActorSystem; readonly tuning: NodeTuning },
  { search }: ThreadCounts,
): CallerThread | undefined {
  const { callerThreadMs: msMax = 0 } = tuning;
  if (msMax === 0) return undefined;
  const turn = new LoopTurn({ clock: system.clock, msMax, yieldTurn: yieldToEventLoop });
  return { turn, isOneTooMany: search >= availableParallelism() };
}
