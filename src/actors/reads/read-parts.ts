/** What reads of one collection stand on, and what one of them has asked so far. */
import type { Clock } from "../../base/index.js";
import type { ReplicaPlace } from "../../cluster/index.js";
import type { ConsistencyLevel } from "../../protocol/index.js";
import type { CollectionAccess, ReplicaAccess } from "../replicas/access.js";
import { LatencyQuantile } from "./latency-quantile.js";

/** Rows that a replica has in an older version than another one, or not at all, or perhaps damaged. */
export interface StaleRows {
  readonly shard: number;
  readonly place: ReplicaPlace;
  readonly ids: readonly string[];
}

export interface SharedReadParts {
  readonly clock: Clock;
  readonly access: CollectionAccess;
  /** Told of what reads found to be stale. */
  readonly repair: (stale: StaleRows) => void;
}

/** How often a shard is read again at most because rows were overtaken by newer ones. */
export const repeatsMax = 2;

/** One read, from its arrival to its answer. */
export class ReadRun {
  readonly parts: SharedReadParts;
  readonly level: ConsistencyLevel;
  readonly arrivedMs: number;
  readonly #endMs: number;
  readonly #latencies: Map<number, LatencyQuantile>;
  readonly #nodes = new Set<string>();

  constructor(
    parts: SharedReadParts,
    latencies: Map<number, LatencyQuantile>,
    request: { readonly consistency_level: ConsistencyLevel; readonly timeout_ms: number },
  ) {
    this.parts = parts;
    this.level = request.consistency_level;
    this.arrivedMs = parts.clock.monotonic();
    this.#endMs = parts.clock.monotonic() + request.timeout_ms;
    this.#latencies = latencies;
  }

  /** What is left of its time. */
  get leftMs(): number {
    return Math.max(0, this.#endMs - this.parts.clock.monotonic());
  }

  /** Nodes that were asked so far. */
  get nodesQueried(): number {
    return this.#nodes.size;
  }

  noteAsked({ place }: ReplicaAccess): void {
    this.#nodes.add(place.node);
  }

  latencyOf(shard: number): LatencyQuantile {
    const known = this.#latencies.get(shard);
    if (known) return known;
    const made = new LatencyQuantile();
    this.#latencies.set(shard, made);
    return made;
  }
}
