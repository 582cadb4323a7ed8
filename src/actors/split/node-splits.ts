/**
 * Splits shards that have grown too large: fills the halves of those that the map has split on this node,
 * and decides for those where this node is the one to decide (decide-split.ts). Of the shards that it
 * decides for one is split at a time.
 */
import { toDvespError } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import { isCutting, isSplitting, unsplit } from "../../cluster/index.js";
import type { ClusterView, CollectionMap, ShardPlaces } from "../../cluster/index.js";
import { decideMove } from "../repair/decide-move.js";
import type { EmitRepair } from "../repair/repair-log.js";
import { Throttle } from "../repair/throttle.js";
import { Signal } from "../writes/signal.js";
import { decideSplit } from "./decide-split.js";
import type { SplitStep } from "./decide-split.js";
import type { SplitLimits } from "./limits.js";
import { LocalHalves } from "./local-halves.js";
import type { FillProgress, Half, HalvesStatus, SplitRef } from "./local-halves.js";
import { SplitSteps } from "./split-steps.js";
import type { OpenShards, SplitPeer } from "./split-steps.js";

export interface NodeSplitsParts {
  readonly view: ClusterView;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: SplitLimits;
  readonly emit: EmitRepair;
  /** Undefined while the collection is not open here. */
  readonly open: (collection: string) => OpenShards | undefined;
  /** Nodes that may be given a replica. */
  readonly places: () => readonly string[];
  readonly peer: (node: string) => SplitPeer;
  /** The name of the data of a half on this node. */
  readonly identityOf: (collection: string, half: number) => Promise<string>;
  /** Starts the actors of a half, on data of its split. Errors: why that cannot be. */
  readonly openHalf: (half: Half) => Promise<void>;
}

export class NodeSplits {
  readonly #parts: NodeSplitsParts;
  readonly #halves: LocalHalves;
  readonly #steps: SplitSteps;
  /** Monotonic time before which a shard is left alone, by collection and shard. */
  readonly #restUntilMs = new Map<string, number>();
  readonly #stopped: Signal;
  #isStopped = false;
  #ended: Promise<void> | undefined;

  constructor(parts: NodeSplitsParts) {
    this.#parts = parts;
    const { clock, limits } = parts;
    this.#stopped = new Signal(clock);
    const throttle = new Throttle(clock, limits.bytesPerSecond);
    this.#halves = new LocalHalves({ ...parts, throttle });
    this.#steps = new SplitSteps({
      ...{ ...parts, throttle },
      isStopped: () => this.#isStopped,
      say: (...what) => this.#say(...what),
    });
  }

  /** Call when the node's collections are open. */
  start(): void {
    this.#ended = this.#run();
  }

  /** Begins nothing more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.notify();
    await Promise.all([this.#ended, this.#halves.stop()]);
  }

  /** Of this node's halves of a shard; undefined while it has none. */
  status(split: SplitRef): Promise<HalvesStatus | undefined> {
    return this.#halves.status(split);
  }

  /** Of all halves here that are being filled. */
  get progress(): readonly FillProgress[] {
    return this.#halves.progress;
  }

  /** See `SplitPeer`. */
  finish(split: SplitRef): Promise<readonly [string, string]> {
    return this.#halves.finish(split);
  }

  async #run(): Promise<void> {
    const { clock, limits } = this.#parts;
    while (!this.#isStopped) {
      await this.#halves.follow();
      await this.#lookAtAll();
      await this.#stopped.until(() => this.#isStopped, clock.monotonic() + limits.lookMs);
    }
  }

  async #lookAtAll(): Promise<void> {
    for (const map of this.#parts.view.collections()) {
      for (const shard of map.shards) {
        if (this.#isStopped) return;
        await this.#lookAt(map, shard);
      }
    }
  }

  async #lookAt(map: CollectionMap, shard: ShardPlaces): Promise<void> {
    const { clock, limits } = this.#parts;
    const key = `${map.uid} ${shard.id}`;
    const rest = (ms: number): unknown => this.#restUntilMs.set(key, clock.monotonic() + ms);
    const isResting = clock.monotonic() < (this.#restUntilMs.get(key) ?? -Infinity);
    // Writes wait for a cut that was not taken back.
    if (isResting && !isCutting(shard)) return;
    if (!isResting) this.#restUntilMs.delete(key);
    const step = this.#decide(map, shard);
    if (!step) return;
    try {
      const restMs = await this.#steps.perform(step, map, shard);
      if (restMs !== undefined) rest(restMs);
    } catch (error) {
      rest(limits.restMs);
      this.#say("shard_split_delayed", map, shard, { error: toDvespError(error).toPlain() });
    }
  }

  #decide(map: CollectionMap, shard: ShardPlaces): SplitStep | undefined {
    const { view, places, limits } = this.#parts;
    const isAlive = (node: string): boolean => view.isAlive(node);
    const { collection, replication_factor } = map.settings;
    const facts = { collection, replication_factor, places: places(), isAlive };
    const isAny = view.collections().some((one) => one.shards.some(isSplitting));
    const mayBegin = !isAny && map.shards.length < limits.shardsMax;
    const isMoveDue = decideMove({ ...facts, shard: unsplit(shard) }) !== undefined;
    return decideSplit({ shard, self: view.self, isAlive, isMoveDue, mayBegin });
  }

  #say(type: string, { settings }: CollectionMap, { id }: ShardPlaces, details: object): void {
    if (this.#isStopped) return;
    this.#parts.emit({ type, collection: settings.collection, shard: id, ...details });
  }
}
