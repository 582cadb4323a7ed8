/**
 * Model replicas of one shard on several nodes, in one thread on a virtual clock: messages take time,
 * are lost, and are answered too late; nodes go down and lose what they had. All from a seed.
 */
import type { Random } from "../../src/base/index.js";
import {
  VirtualClock,
  randomBelow,
  randomFraction,
  seededRandom,
  toDvespError,
} from "../../src/base/index.js";
import { makeVersion } from "../../src/consistency/index.js";
import { hashEnd } from "../../src/cluster/index.js";
import type { ReplicaPlace, ReplicaState, ShardPlaces } from "../../src/cluster/index.js";
import type { CollectionSettings } from "../../src/protocol/index.js";
import type { AskResult } from "../../src/runtime/index.js";
import type {
  CollectionAccess,
  ReplicaAccess,
  ShardAccess,
} from "../../src/actors/replicas/access.js";
import { idName } from "../../src/actors/repair/versioned-rows.js";
import { PlainReplica } from "./repair-replica.js";

export const settings: CollectionSettings = {
  collection: "docs",
  dimension: 2,
  distance_metric: "l2",
  index: { type: "flat" },
  shards: 1,
  replication_factor: 3,
};

export class PlainCluster {
  readonly clock = new VirtualClock();
  readonly replicas = new Map<string, PlainReplica>();
  readonly down = new Set<string>();
  /** Messages from a to b are lost: `a>b`. */
  readonly cut = new Set<string>();
  /** Types of messages, in the order in which they were handled. */
  readonly asked: { readonly node: string; readonly type: string }[] = [];
  /** Share of the messages that are lost on their way or on their way back. */
  loss = 0;
  latencyMs = 4;
  shard: ShardPlaces;
  /** Called before a node handles a message. */
  onMessage: (node: string, type: string) => void = () => undefined;
  readonly random: Random;
  #counter = 0;

  constructor(nodes: readonly string[], seed = 1) {
    this.random = seededRandom(seed);
    for (const node of nodes) this.replicas.set(node, new PlainReplica());
    const replicas = nodes.map((node) => placeOf(node, "active"));
    this.shard = { id: 0, from: 0, to: hashEnd, epoch: 1, replicas };
  }

  replica(node: string): PlainReplica {
    return this.replicas.get(node)!;
  }

  /** A version stamped by `node` now, or so long ago. */
  stamp(node = "n1", ageMs = 0): string {
    return makeVersion(this.clock.now() - ageMs, this.#counter++ % 0x10000, node);
  }

  /** A row on some nodes; its version. */
  put(n: number, nodes: readonly string[], ageMs = 10_000): string {
    const version = this.stamp("n1", ageMs);
    const contents = { vector: [n, 1], metadata: `row ${n} ${version}` };
    for (const node of nodes) this.replica(node).take(idOf(n), { version, contents });
    return version;
  }

  remove(n: number, nodes: readonly string[], ageMs = 10_000): string {
    const version = this.stamp("n1", ageMs);
    for (const node of nodes) this.replica(node).take(idOf(n), { version });
    return version;
  }

  /** The node has lost its disk: it is empty, and the map says so. */
  wipe(node: string): void {
    this.replicas.set(node, new PlainReplica());
    this.changeState(node, "recovering");
  }

  changeState(node: string, state: ReplicaState): void {
    const others = this.shard.replicas.filter((one) => one.node !== node);
    const replicas = [...others, placeOf(node, state)].sort((a, b) => (a.node < b.node ? -1 : 1));
    this.shard = { ...this.shard, replicas, epoch: this.shard.epoch + 1 };
  }

  stateOf(node: string): ReplicaState | undefined {
    return this.shard.replicas.find((one) => one.node === node)?.state;
  }

  roots(): string[] {
    return this.shard.replicas.map(({ node }) => this.replica(node).root());
  }

  get areEqual(): boolean {
    return new Set(this.roots()).size === 1;
  }

  /** The shard as coordinators of `from` see it. */
  access(from: string): CollectionAccess {
    return {
      settings,
      shards: () => [this.shardOf(from)],
      newer: () => Promise.resolve(),
    };
  }

  shardOf(from: string): ShardAccess {
    const replicas = this.shard.replicas.map((place) => this.replicaOf(from, place));
    const own = replicas.filter(({ local }) => local);
    return { shard: this.shard, replicas: [...own, ...replicas.filter(({ local }) => !local)] };
  }

  replicaOf(from: string, place: ReplicaPlace): ReplicaAccess {
    const { node } = place;
    const ask = <Answer>(message: { type: string }, timeoutMs: number) =>
      this.#ask(from, node, message, timeoutMs) as Promise<AskResult<Answer>>;
    return {
      place,
      local: from === node,
      isAlive: () => this.#reaches(from, node),
      ask,
      read: ask,
      outstanding: 0,
      status: (timeoutMs) => ask({ type: "status" }, timeoutMs),
    };
  }

  /** As `ClusterView.changeShard`. */
  changeShard(change: (now: ShardPlaces) => ShardPlaces | undefined): void {
    const changed = change(this.shard);
    if (changed) this.shard = changed;
  }

  #reaches(from: string, to: string): boolean {
    return !this.down.has(from) && !this.down.has(to) && !this.cut.has(`${from}>${to}`);
  }

  async #ask(
    from: string,
    to: string,
    message: { type: string },
    timeoutMs: number,
  ): Promise<AskResult<unknown>> {
    if (!this.#reaches(from, to)) return { outcome: "gone" };
    const life = this.replica(to);
    if (from !== to) {
      await this.#travel();
      if (this.#isLost(from, to)) return this.#timeout(timeoutMs);
    }
    if (this.replica(to) !== life) return { outcome: "gone" };
    this.asked.push({ node: to, type: message.type });
    this.onMessage(to, message.type);
    const end = await this.answer(to, message).then(
      (value): AskResult<unknown> => ({ outcome: "ok", value }),
      (error: unknown): AskResult<unknown> => ({
        outcome: "refused",
        error: toDvespError(error).toPlain(),
      }),
    );
    if (from !== to) {
      await this.#travel();
      if (this.#isLost(to, from)) return this.#timeout(timeoutMs);
    }
    return end;
  }

  /** What the replica there makes of a message. */
  protected answer(node: string, message: { type: string }): Promise<unknown> {
    const known = message as Parameters<PlainReplica["handle"]>[0];
    return Promise.resolve(this.replica(node).handle(known));
  }

  #travel(): Promise<void> {
    const delayMs = this.latencyMs * (0.5 + randomFraction(this.random));
    return new Promise((resolve) => this.clock.after(delayMs, resolve));
  }

  #isLost(from: string, to: string): boolean {
    return !this.#reaches(from, to) || randomFraction(this.random) < this.loss;
  }

  #timeout(timeoutMs: number): Promise<AskResult<unknown>> {
    return new Promise((resolve) =>
      this.clock.after(timeoutMs, () => resolve({ outcome: "timeout" })),
    );
  }
}

export function placeOf(node: string, state: ReplicaState): ReplicaPlace {
  return { node, state, identity: `data of ${node}` };
}

export function idOf(n: number): string {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, n);
  return idName(id, 0);
}

/** One of `all`. */
export function pick<One>(random: Random, all: readonly One[]): One {
  return all[randomBelow(random, all.length)]!;
}
