/**
 * The cluster of a node that is alone: its maps are kept in its own data directory, each shard has
 * one replica, here, and it is always alive.
 */
import { sameSettings } from "../actors/index.js";
import { DvespError, invalid, limits, randomUuid } from "../base/index.js";
import type { Random } from "../base/index.js";
import { collectionNotFound, evenRanges, withShardChanged } from "../cluster/index.js";
import type {
  ClusterView,
  CollectionMap,
  NodeView,
  ShardChange,
  ShardPlaces,
} from "../cluster/index.js";
import type { CollectionSettings } from "../protocol/index.js";
import type { Catalog } from "./catalog.js";

export interface SoloParts {
  /** The id of the node. */
  readonly self: string;
  /** The name of its main host. */
  readonly hub: string;
  readonly pid: number;
  readonly catalog: Catalog;
  readonly random: Random;
}

export class SoloView implements ClusterView {
  readonly replicationFactorDefault = 1;
  readonly #parts: SoloParts;
  readonly #maps = new Map<string, CollectionMap>();
  readonly #listeners = new Set<() => void>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: SoloParts) {
    this.#parts = parts;
  }

  /** With the collections of the catalog. Errors: `DATA_CORRUPTED`. */
  static async open(parts: SoloParts): Promise<SoloView> {
    const view = new SoloView(parts);
    for (const map of await parts.catalog.load()) view.#maps.set(map.settings.collection, map);
    return view;
  }

  get self(): string {
    return this.#parts.self;
  }

  nodes(): readonly NodeView[] {
    const { self: id, pid } = this.#parts;
    return [{ id, address: "", pid, state: "alive" }];
  }

  isAlive(node: string): boolean {
    return node === this.self;
  }

  hubOf(): string {
    return this.#parts.hub;
  }

  collections(): readonly CollectionMap[] {
    return [...this.#maps.values()];
  }

  collection(name: string): CollectionMap | undefined {
    return this.#maps.get(name);
  }

  create(settings: CollectionSettings): Promise<CollectionMap> {
    return this.#inTurn(() => this.#create(settings));
  }

  async #create(settings: CollectionSettings): Promise<CollectionMap> {
    const { collection, replication_factor } = settings;
    const there = this.#maps.get(collection);
    if (there && sameSettings(there.settings, settings)) return there;
    if (there) {
      throw new DvespError("ALREADY_EXISTS", `collection ${collection} exists with other settings`);
    }
    if (replication_factor > 1) {
      throw invalid("one node keeps one replica of each row", "replication_factor");
    }
    if (this.#maps.size >= limits.collectionsMax) {
      throw new DvespError("TOO_LARGE", `a node has at most ${limits.collectionsMax} collections`);
    }
    const map = this.#newMap(settings);
    await this.#parts.catalog.add(map);
    this.#set(collection, map);
    return map;
  }

  drop(name: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#maps.has(name)) throw collectionNotFound(name);
      await this.#parts.catalog.forget(name);
      this.#set(name, undefined);
    });
  }

  changeShard(collection: string, shard: number, change: ShardChange): Promise<CollectionMap> {
    return this.#inTurn(() => this.#changeShard(collection, shard, change));
  }

  async #changeShard(
    collection: string,
    shard: number,
    change: ShardChange,
  ): Promise<CollectionMap> {
    const map = this.#maps.get(collection);
    if (!map?.shards.some(({ id }) => id === shard)) {
      throw new DvespError("COLLECTION_NOT_FOUND", `there is no shard ${shard} of ${collection}`);
    }
    const changed = withShardChanged(map, shard, change);
    if (!changed) return map;
    await this.#parts.catalog.replace(changed);
    this.#set(collection, changed);
    return changed;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One change follows the other: what is dropped does not come back by a change of what it was. */
  async #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #newMap(settings: CollectionSettings): CollectionMap {
    const { self: node, random } = this.#parts;
    const shards = evenRanges(settings.shards).map((range): ShardPlaces => {
      const identity = randomUuid(random);
      return { ...range, epoch: 1, replicas: [{ node, state: "active", identity }] };
    });
    return { settings, uid: randomUuid(random), shards };
  }

  #set(name: string, map: CollectionMap | undefined): void {
    if (map) this.#maps.set(name, map);
    else this.#maps.delete(name);
    for (const listener of [...this.#listeners]) listener();
  }
}
