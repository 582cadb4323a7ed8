/** The steps of splitting one shard, as decide-split.ts names them, each done once it is due. */
import { randomUuid } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import { withCutTakenBack, withSplit, withoutSplit } from "../../cluster/index.js";
import type { ClusterView, CollectionMap, ShardPlaces } from "../../cluster/index.js";
import { answerOf } from "../../runtime/index.js";
import type { LocalShards } from "../collection/local-shards.js";
import type { MerkleState } from "../replica/replication-messages.js";
import type { CollectionAccess } from "../replicas/access.js";
import { repairLimits } from "../repair/limits.js";
import { PairSync } from "../repair/pair-sync.js";
import type { Pair } from "../repair/pair-sync.js";
import { ReplicaQuestions } from "../repair/replica-questions.js";
import type { Throttle } from "../repair/throttle.js";
import { cut } from "./cut.js";
import type { SplitStep } from "./decide-split.js";
import type { SplitLimits } from "./limits.js";
import type { HalvesStatus, SplitRef } from "./local-halves.js";

/** What the node that decides asks each node with a replica of the shard, itself too. */
export interface SplitPeer {
  status(split: SplitRef): Promise<HalvesStatus | undefined>;
  /** The names of the data of both halves, when they are what the shard is. */
  finish(split: SplitRef): Promise<readonly [string, string]>;
}

export interface OpenShards {
  readonly access: CollectionAccess;
  readonly shards: LocalShards;
}

export interface SplitStepsParts {
  readonly view: ClusterView;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: SplitLimits;
  readonly throttle: Throttle;
  /** Undefined while the collection is not open here. */
  readonly open: (collection: string) => OpenShards | undefined;
  readonly peer: (node: string) => SplitPeer;
  readonly isStopped: () => boolean;
  /** Says what became of a shard. */
  readonly say: (type: string, map: CollectionMap, shard: ShardPlaces, details: object) => void;
}

export class SplitSteps {
  readonly #parts: SplitStepsParts;

  constructor(parts: SplitStepsParts) {
    this.#parts = parts;
  }

  /** How long to leave the shard alone then, if so. Errors: those of the map and of the nodes asked. */
  async perform(
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
    this.#parts.say("shard_split_given_up", map, shard, {});
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
    if (begun) this.#parts.say("shard_split_started", map, begun, { into: begun.split?.into });
  }

  async #cut(map: CollectionMap, shard: ShardPlaces): Promise<void> {
    const { view, clock, limits, peer, open } = this.#parts;
    const { collection, dimension } = map.settings;
    const { id, epoch } = shard;
    const access = open(collection)
      ?.access.shards()
      .find((one) => one.shard.id === id);
    if (!access) return;
    const split = refOf(map, shard);
    const cut_ms = await cut(
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
    if (cut_ms === undefined) return;
    this.#parts.say("shard_split_finished", map, shard, { into: shard.split?.into, cut_ms });
  }

  /** Leaves nothing alone as being under way. Ends at `endMs` of monotonic time: what was copied stays. */
  #sync(dimension: number, pair: Pair, endMs: number): Promise<unknown> {
    const { clock, throttle } = this.#parts;
    const isStopped = (): boolean => this.#parts.isStopped() || clock.monotonic() > endMs;
    const limits = { ...repairLimits, graceMs: 0 };
    return new PairSync({ clock, limits, throttle, dimension, isStopped }, pair).run();
  }
}

function refOf({ settings }: CollectionMap, { id, split }: ShardPlaces): SplitRef {
  return { collection: settings.collection, shard: id, split: split?.name ?? "" };
}
