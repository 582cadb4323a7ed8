/** What a node decides by on its own; tests try other figures. */
import { demandLimits } from "../actors/index.js";
import type { DemandLimits, SplitLimits } from "../actors/index.js";

export interface NodeTuning {
  readonly demand: DemandLimits;
  /** Of a collection whose creator says nothing of it. */
  readonly shards: number;
  /** Milliseconds of each turn of the main thread's event loop in which it may answer short searches; default none. */
  readonly callerThreadMs?: number;
  /** What splits go by, where it is not the usual. */
  readonly splits?: Partial<SplitLimits>;
}

export const tuningDefault: NodeTuning = { demand: demandLimits, shards: 1 };
