/**
 * Splits shards that have grown too large: fills the halves of those that the map has split on this node,
 * and decides for those where this node is the one to decide (decide-split.ts). Of the shards that it
 * decides for one is split at a time.
 */
import { randomUuid, toDvespError } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import {
  isCutting,
  isSplitting,
  unsplit,
  withCutTakenBack,
  withSplit,
  withoutSplit,
} from "../../cluster/index.js";
import type { ClusterView, CollectionMap, ShardPlaces } from "../../cluster/index.js";
import { answerOf } from "../../runtime/index.js";
import type { LocalShards } from "../collection/local-shards.js";
import type { MerkleState } from "../replica/replication-messages.js";
import type { CollectionAccess } from "../replicas/access.js";
import { decideMove } from "../repair/decide-move.js";
import { repairLimits } from "../repair/limits.js";
import { PairSync } from "../repair/pair-sync.js";
import type { Pair } from "../repair/pair-sync.js";
import type { EmitRepair } from "../repair/repair-log.js";
import { ReplicaQuestions } from "../repair/replica-questions.js";
import { Throttle } from "../repair/throttle.js";
import { Signal } from "../writes/signal.js";
import { cut } from "./cut.js";
import { decideSplit } from "./decide-split.js";
import type { SplitStep } from "./decide-split.js";
import type { SplitLimits } from "./limits.js";
import { LocalHalves } from "./local-halves.js";
import type { FillProgress, Half, HalvesStatus, SplitRef } from "./local-halves.js";

/** What the node that decides asks each node with a replica of the shard, itself too. */
export interface SplitPeer {
  status(split: SplitRef): Promise<HalvesStatus | undefined>;
  /** The names of the data of both halves, when they are what the shard is. */
  finish(split: SplitRef): Promise<readonly [string, string]>;
}

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

export interface OpenShards {
  readonly access: CollectionAccess;
  readonly shards: LocalShards;
}

export class NodeSplits {
  readonly #parts: NodeSplitsParts;
  readonly #halves: LocalHalves;
  readonly #throttle: Throttle;
  /** Monotonic time before which a shard is left alone, by collection and shard. */
  readonly #restUntilMs = new Map<string, number>();
  readonly #stopped: Signal;
  #isStopped = false;
  #ended: Promise<void> | undefined;

  constructor(parts: NodeSplitsParts) {
    this.#parts = parts;
    const { clock, limits } = parts;
    this.#stopped = new Signal(clock);
    this.#throttle = new Throttle(clock, limits.bytesPerSecond);
    this.#halves = new LocalHalves({ ...parts, throttle: this.#throttle });
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
      const restMs = await this.#perform(step, map, shard);
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

  /** How long to leave the shard alone then, if so. */
  async #perform(
    step: SplitStep,
    map: CollectionMap,
    shard: ShardPlaces,
  ): Promise<number | undefined> {
    const { view, limits } = this.#parts;
    const { collection } = map.settings;
    switch (step) {
      case "count":
        if (!(await this.#isTooLarge(collection, shard))) return limits.countMs;
        await this.#begin(map, shard);
        return undefined;
      case "ask":
        return this.#goOn(map, shard);
      case "take_back":
        await view.changeShard(collection, shard.id, (now) => withCutTakenBack(now, shard.epoch));
        return undefined;
      case "give_up":
        await this.#giveUp(map, shard);
        return undefined;
    }
  }

  /** Cuts when all halves are filled; gives up when one cannot be. */
  async #goOn(map: CollectionMap, shard: ShardPlaces): Promise<number | undefined> {
    const { peer, limits } = this.#parts;
    const split = refOf(map, shard);
    const states = await Promise.all(shard.replicas.map(({ node }) => peer(node).status(split)));
    if (states.every((one) => one?.is_filled === true)) await this.#cut(map, shard);
    if (!states.some((one) => one?.is_hopeless === true)) return undefined;
    await this.#giveUp(map, shard);
    return limits.giveUpMs;
  }

  async #giveUp(map: CollectionMap, shard: ShardPlaces): Promise<void> {
    await this.#parts.view.changeShard(map.settings.collection, shard.id, withoutSplit);
    this.#say("shard_split_given_up", map, shard, {});
  }

  async #isTooLarge(collection: string, { id }: ShardPlaces): Promise<boolean> {
    const { open, limits } = this.#parts;
    const shard = open(collection)?.shards.get(id);
    if (!shard || shard.ended()) return false;
    const asked = { timeout_ms: limits.askMs };
    const { rows } = answerOf(await shard.replica.ask<MerkleState>({ type: "merkle" }, asked));
    return rows > limits.rows;
  }

  async #begin(map: CollectionMap, { id, epoch }: ShardPlaces): Promise<void> {
    const { view, random } = this.#parts;
    const name = randomUuid(random);
    const changed = await view.changeShard(map.settings.collection, id, (now, whole) =>
      now.epoch === epoch ? withSplit(now, whole, name) : undefined,
    );
    const begun = changed.shards.find((one) => one.split?.name === name);
    if (begun) this.#say("shard_split_started", map, begun, { into: begun.split?.into });
  }

  async #cut(map: CollectionMap, shard: ShardPlaces): Promise<void> {
    const { view, clock, limits, peer, open } = this.#parts;
    const { collection, dimension } = map.settings;
    const { id, epoch } = shard;
    const access = open(collection)
      ?.access.shards()
      .find((one) => one.shard.id === id);
    if (!access) return;
    const beganMs = clock.monotonic();
    const split = refOf(map, shard);
    const isCut = await cut(
      {
        ...{ clock, graceMs: limits.graceMs, cutMs: limits.cutMs },
        changeShard: (change) => view.changeShard(collection, id, change),
        replicas: access.replicas.map((one) => new ReplicaQuestions(one, limits.askMs)),
        sync: (a, b, endMs) => this.#sync(dimension, [a, b], endMs),
        finish: (node) => peer(node).finish(split),
      },
      id,
      epoch,
    );
    if (!isCut) return;
    const into = shard.split?.into;
    const took_ms = clock.monotonic() - beganMs;
    this.#say("shard_split_finished", map, shard, { into, cut_ms: took_ms });
  }

  /** Leaves nothing alone as being under way. Ends at `endMs` of monotonic time: what was copied stays. */
  #sync(dimension: number, pair: Pair, endMs: number): Promise<unknown> {
    const { clock } = this.#parts;
    const isStopped = (): boolean => this.#isStopped || clock.monotonic() > endMs;
    const limits = { ...repairLimits, graceMs: 0 };
    const throttle = this.#throttle;
    return new PairSync({ clock, limits, throttle, dimension, isStopped }, pair).run();
  }

  #say(type: string, { settings }: CollectionMap, { id }: ShardPlaces, details: object): void {
    if (this.#isStopped) return;
    this.#parts.emit({ type, collection: settings.collection, shard: id, ...details });
  }
}

function refOf({ settings }: CollectionMap, { id, split }: ShardPlaces): SplitRef {
  return { collection: settings.collection, shard: id, split: split?.name ?? "" };
}
