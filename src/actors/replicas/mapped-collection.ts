/**
 * The replicas of a collection as the map of the cluster has them: those of this node reached
 * directly, the others through the hubs of their nodes.
 */
import type { DvespError } from "../../base/index.js";
import { collectionNotFound } from "../../cluster/index.js";
import type { ClusterView, ReplicaPlace, ShardPlaces } from "../../cluster/index.js";
import type { CollectionSettings } from "../../protocol/index.js";
import type { ActorSystem } from "../../runtime/index.js";
import { shardName } from "../shard/messages.js";
import type { Shard } from "../shard/shard.js";
import type { CollectionAccess, ReplicaAccess, ShardAccess } from "./access.js";
import { LocalReplica } from "./local-replica.js";
import { RemoteActors, RemoteReplica } from "./remote-replica.js";

export interface MappedParts {
  readonly system: Pick<ActorSystem, "clock" | "ref">;
  readonly view: ClusterView;
  readonly settings: CollectionSettings;
  /** Of the collection, which tells it from others of the same name. */
  readonly uid: string;
  /** Shards that are open on this node. */
  readonly local: { get(shard: number): Shard | undefined; isHidden(shard: number): boolean };
  /** Why the collection is not served any more, if so. */
  readonly whyClosed: () => DvespError | undefined;
}

/** How long `newer` waits. */
const newerMsMax = 1000;

export class MappedCollection implements CollectionAccess {
  readonly settings: CollectionSettings;
  readonly #parts: MappedParts;
  readonly #replicas = new WeakMap<ReplicaPlace, ReplicaAccess>();
  /** By shard and node. */
  readonly #remote = new Map<string, RemoteActors>();

  constructor(parts: MappedParts) {
    this.settings = parts.settings;
    this.#parts = parts;
  }

  shards(): readonly ShardAccess[] {
    return this.#places().map((shard) => ({ shard, replicas: this.#ordered(shard) }));
  }

  async newer(shard: number, epoch: number): Promise<void> {
    const { view, system } = this.#parts;
    const isNewer = (): boolean => {
      const now = view.collection(this.settings.collection)?.shards.find(({ id }) => id === shard);
      return now === undefined || now.epoch > epoch;
    };
    if (isNewer()) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        stop();
        timer.cancel();
        resolve();
      };
      const stop = view.onChange(() => {
        if (isNewer()) end();
      });
      const timer = system.clock.after(newerMsMax, end);
    });
  }

  #places(): readonly ShardPlaces[] {
    const { view, uid, settings, whyClosed } = this.#parts;
    const closed = whyClosed();
    if (closed) throw closed;
    const map = view.collection(settings.collection);
    if (map?.uid === uid) return map.shards;
    throw collectionNotFound(settings.collection);
  }

  #ordered({ id, replicas }: ShardPlaces): ReplicaAccess[] {
    const all = replicas.map((place) => this.#replica(id, place));
    if (all.length < 2) return all;
    const rank = (one: ReplicaAccess): number => (one.local ? 0 : one.isAlive() ? 1 : 2);
    return all.sort((a, b) => rank(a) - rank(b));
  }

  #replica(shard: number, place: ReplicaPlace): ReplicaAccess {
    const known = this.#replicas.get(place);
    if (known) return known;
    const { view, system, local } = this.#parts;
    const made =
      place.node === view.self
        ? new LocalReplica(
            place,
            system.clock,
            () => local.get(shard),
            () => local.isHidden(shard),
          )
        : new RemoteReplica(place, this.#actors(shard, place.node));
    this.#replicas.set(place, made);
    return made;
  }

  /** Not any more when it was split. */
  #isMapped(shard: number): boolean {
    const map = this.#parts.view.collection(this.settings.collection);
    return map?.shards.some(({ id }) => id === shard) === true;
  }

  #actors(shard: number, node: string): RemoteActors {
    const key = `${shard} ${node}`;
    const known = this.#remote.get(key);
    if (known) return known;
    const { view, system, settings } = this.#parts;
    const address = { host: view.hubOf(node), name: shardName(settings.collection, shard) };
    const made = new RemoteActors({
      clock: system.clock,
      shard: system.ref(address),
      ref: (one) => system.ref(one),
      isReached: () => view.isAlive(node) && this.#isMapped(shard),
    });
    this.#remote.set(key, made);
    return made;
  }
}
