/**
 * All repair of one node: a `ShardRepair` for each of its replicas of a shard that has several, hints
 * for the other nodes, read repair, and moves when it is this node's turn to decide them. It follows
 * the map and who is alive.
 */
import { packUuids } from "../../base/index.js";
import type { Random, Timer } from "../../base/index.js";
import { hasReplicaOn } from "../../cluster/index.js";
import type { ClusterView, CollectionMap, ShardPlaces } from "../../cluster/index.js";
import type { HybridClock } from "../../consistency/index.js";
import type { ActorRef } from "../../runtime/index.js";
import type { StaleRows } from "../reads/read-parts.js";
import type { ShardAccess } from "../replicas/access.js";
import type { Hints } from "../writes/hints.js";
import type { HintsMessage } from "./hint-messages.js";
import type { LoggedSyncParts } from "./logged-sync.js";
import { Moves } from "./moves.js";
import type { AccessOf } from "./moves.js";
import { NodeHints } from "./node-hints.js";
import { ReadRepair } from "./read-repair.js";
import type { RecoveryState } from "./recovery.js";
import { ShardRepair } from "./shard-repair.js";
import type { RepairProgress } from "./shard-repair.js";
import { Throttle } from "./throttle.js";

export interface NodeRepairParts extends Omit<LoggedSyncParts, "throttle"> {
  readonly view: ClusterView;
  /** Nodes that may be given a replica. */
  readonly places: () => readonly string[];
  /** Undefined while the collection is not open here. */
  readonly access: AccessOf;
  /** Keeps hints: an actor of hint-actor.ts on a host that writes. */
  readonly keeper: ActorRef<HintsMessage>;
  readonly random: Random;
  readonly versions: HybridClock;
}

/** What repair knows of a shard, for `/v1/cluster`. */
export interface ShardRepairStatus {
  /** Of each replica, as far as this node can tell. */
  readonly lag_ms: Readonly<Record<string, number>>;
  readonly progress?: RepairProgress;
  /** Of this node's replica, while it does not count. */
  readonly recovery?: RecoveryState;
}

/** A collection may be open here only after the map has had it for a while. */
const followMs = 1000;

export class NodeRepair {
  readonly #parts: NodeRepairParts;
  readonly #throttle: Throttle;
  readonly #shards = new Map<string, ShardRepair>();
  readonly #ending = new Set<Promise<void>>();
  readonly #hints: NodeHints;
  readonly #reads: ReadRepair;
  readonly #moves: Moves;
  #alive: ReadonlySet<string> = new Set();
  #endChanges: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(parts: NodeRepairParts) {
    this.#parts = parts;
    const { view, limits, clock, access } = parts;
    this.#throttle = new Throttle(clock, limits.bytesPerSecond);
    const throttle = this.#throttle;
    const shardOf = (collection: string, shard: number): ShardAccess | undefined =>
      view.collection(collection) &&
      access(collection)
        ?.shards()
        .find((one) => one.shard.id === shard);
    this.#reads = new ReadRepair({ limits, throttle, shardOf });
    this.#moves = new Moves({ ...parts, throttle });
    this.#hints = new NodeHints({
      ...parts,
      isAlive: (node) => view.isAlive(node),
      holdsNothing: (node) => !isPlaced(view.collections(), node),
      shardOf: ({ collection, uid, shard }) =>
        view.collection(collection)?.uid === uid ? shardOf(collection, shard) : undefined,
    });
  }

  /** Call when the node's collections are open. */
  async start(): Promise<void> {
    this.#endChanges = this.#parts.view.onChange(() => this.#follow());
    this.#followAgain();
    this.#moves.start();
    await this.#hints.start();
  }

  /** Begins nothing more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#endChanges?.();
    this.#timer?.cancel();
    this.#moves.stop();
    for (const key of [...this.#shards.keys()]) this.#end(key);
    await Promise.all([this.#hints.stop(), this.#reads.stop(), ...this.#ending]);
  }

  /** Where the coordinators of a collection leave what a replica did not confirm. */
  hintsOf(collection: string, uid: string): Hints {
    return this.#hints.of(collection, uid);
  }

  /** For reads, which found that a replica lacks something. Never throws, and takes little time. */
  stale(collection: string, { shard, place, ids }: StaleRows): void {
    this.#reads.repair({ collection, shard, node: place.node, ids: packUuids(ids) });
  }

  /** Undefined when this node has no replica of the shard, or it has no other. */
  statusOf({ uid }: CollectionMap, shard: ShardPlaces): ShardRepairStatus | undefined {
    const repair = this.#shards.get(keyOf(uid, shard.id));
    if (!repair) return undefined;
    const lags = shard.replicas.flatMap(({ node }) => {
      const lagMs = repair.lagMs(node);
      return lagMs === undefined ? [] : [[node, lagMs] as const];
    });
    const { progress, recovery } = repair;
    return {
      lag_ms: Object.fromEntries(lags),
      ...(progress && { progress }),
      ...(recovery && { recovery }),
    };
  }

  #followAgain(): void {
    this.#follow();
    this.#timer = this.#parts.clock.after(followMs, () => this.#followAgain());
  }

  /** In line with the map; replicas are looked at soon when a node is back. */
  #follow(): void {
    const { view } = this.#parts;
    const wanted = new Set<string>();
    for (const map of view.collections()) {
      for (const shard of map.shards) {
        if (!hasReplicaOn(shard, view.self) || shard.replicas.length < 2) continue;
        wanted.add(keyOf(map.uid, shard.id));
        this.#begin(map, shard);
      }
    }
    for (const key of [...this.#shards.keys()]) if (!wanted.has(key)) this.#end(key);
    this.#lookWhoIsBack();
  }

  #lookWhoIsBack(): void {
    const { view } = this.#parts;
    const alive = new Set(view.nodes().flatMap(({ id }) => (view.isAlive(id) ? [id] : [])));
    const isBack = [...alive].some((node) => !this.#alive.has(node));
    this.#alive = alive;
    if (!isBack) return;
    for (const repair of this.#shards.values()) repair.nudge();
    this.#hints.look();
  }

  #begin({ uid, settings }: CollectionMap, shard: ShardPlaces): void {
    const key = keyOf(uid, shard.id);
    const { view, access: accessOf } = this.#parts;
    const { collection } = settings;
    const access = accessOf(collection);
    if (!access || this.#shards.has(key)) return;
    const repair = new ShardRepair({
      ...this.#parts,
      throttle: this.#throttle,
      self: view.self,
      collection,
      shard: shard.id,
      access,
      changeShard: (change) => view.changeShard(collection, shard.id, change),
    });
    this.#shards.set(key, repair);
    repair.start();
  }

  #end(key: string): void {
    const repair = this.#shards.get(key);
    this.#shards.delete(key);
    if (!repair) return;
    const ended = repair.stop().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

/** Whether some shard has a replica there. */
function isPlaced(maps: readonly CollectionMap[], node: string): boolean {
  return maps.some(({ shards }) => shards.some((shard) => hasReplicaOn(shard, node)));
}

function keyOf(uid: string, shard: number): string {
  return `${uid} ${shard}`;
}
