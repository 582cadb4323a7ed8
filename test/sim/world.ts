/** What a run is about: the nodes that clients call, and what can befall them. */
import type { Random } from "../../src/base/index.js";
import type { Checker } from "./checker.js";
import type { Endpoint } from "./client.js";
import type { FaultKind } from "./faults.js";
import type { SimTime } from "./sim-time.js";
import type { Trace } from "./trace.js";

export interface World {
  readonly endpoints: readonly Endpoint[];
  /** How many replicas a row has. */
  readonly replicas: number;
  readonly faults: readonly FaultKind[];
  /** Faults that strike when something happens, instead of at some time. */
  readonly strikes?: (strike: (kind: FaultKind) => void) => void;
  /** Shards that were split so far. */
  readonly splits?: () => number;
  /** Checks of its own, once all is mended and at rest; within bounded virtual time. */
  readonly settle: (checker: Checker) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface WorldParts {
  readonly time: SimTime;
  readonly random: Random;
  readonly trace: Trace;
}

/** Made with its collection in it. */
export type MakeWorld = (parts: WorldParts) => Promise<World>;
