/**
 * A node's copy of the maps of all collections, kept up to date by watching the cluster store. It
 * stays as it is while the store is away. An entry never goes back to an older revision, whichever way
 * news of it come.
 */
import { isDvespError } from "../base/index.js";
import { collectionNotFound, collectionPrefix } from "../cluster/index.js";
import type { ClusterStore, CollectionMap, Entry, StoreChange } from "../cluster/index.js";

interface Known {
  readonly revision: number;
  /** Undefined: dropped. */
  readonly map: CollectionMap | undefined;
}

export class WatchedMaps {
  readonly #store: ClusterStore;
  readonly #onChange: () => void;
  readonly #known = new Map<string, Known>();
  #endWatch: (() => void) | undefined;

  /** `onChange` is called after each change. */
  constructor(store: ClusterStore, onChange: () => void) {
    this.#store = store;
    this.#onChange = onChange;
  }

  /** Resolves when the maps are here; they are kept up to date from then on. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#endWatch = this.#store.watch(collectionPrefix, (change) => {
        this.#apply(change);
        resolve();
      });
    });
  }

  stop(): void {
    this.#endWatch?.();
  }

  list(): readonly CollectionMap[] {
    return [...this.#known.values()].flatMap(({ map }) => map ?? []);
  }

  get(name: string): CollectionMap | undefined {
    return this.#known.get(name)?.map;
  }

  /** Keeps a new collection; undefined when there is one of that name already. */
  async add(map: CollectionMap): Promise<CollectionMap | undefined> {
    return this.#put(map.settings.collection, map, 0);
  }

  /**
   * Replaces a map by what `change` makes of it, again when somebody else was faster. `change`
   * answers undefined to leave it as it is. Errors: `COLLECTION_NOT_FOUND`, those of the store.
   */
  async change(
    name: string,
    change: (now: CollectionMap) => CollectionMap | undefined,
  ): Promise<CollectionMap> {
    const uid = this.get(name)?.uid;
    for (;;) {
      const known = this.#known.get(name);
      if (!known?.map || known.map.uid !== uid) throw collectionNotFound(name);
      const then = change(known.map);
      if (!then) return known.map;
      const changed = await this.#put(name, then, known.revision);
      if (changed) return changed;
      await this.#refresh(name);
    }
  }

  /** Errors: `COLLECTION_NOT_FOUND`, those of the store. */
  async drop(name: string): Promise<void> {
    if (!(await this.#store.delete(keyOf(name)))) throw collectionNotFound(name);
    await this.#refresh(name);
  }

  /** Asks the store itself for what it has of `name` now. */
  async #refresh(name: string): Promise<void> {
    const known = this.#known.get(name);
    const entry = await this.#store.get(keyOf(name));
    if (entry) this.#applyEntry(entry);
    else if (known && this.#known.get(name) === known)
      this.#set(name, { ...known, map: undefined });
    this.#onChange();
  }

  /** Undefined when the revision was another one. */
  async #put(
    name: string,
    map: CollectionMap,
    ifRevision: number,
  ): Promise<CollectionMap | undefined> {
    try {
      const entry = await this.#store.put(keyOf(name), map, { ifRevision });
      this.#applyEntry(entry);
      this.#onChange();
      return entry.value as CollectionMap;
    } catch (error) {
      if (isDvespError(error) && error.code === "VERSION_CONFLICT") return undefined;
      throw error;
    }
  }

  #apply(change: StoreChange): void {
    if (change.type === "put") this.#applyEntry(change.entry);
    else if (change.type === "delete") this.#forget(nameOf(change.key), change.revision);
    else {
      const there = new Set(change.entries.map(({ key }) => nameOf(key)));
      for (const entry of change.entries) this.#applyEntry(entry);
      for (const name of this.#known.keys()) {
        if (!there.has(name)) this.#forget(name, change.revision);
      }
    }
    this.#onChange();
  }

  #applyEntry({ key, value, revision }: Entry): void {
    const name = nameOf(key);
    const known = this.#known.get(name);
    if (known && known.revision >= revision) return;
    this.#set(name, { revision, map: withKnownPlaces(value as CollectionMap, known?.map) });
  }

  #forget(name: string, revision: number): void {
    const known = this.#known.get(name);
    if (known && known.revision > revision) return;
    this.#set(name, { revision, map: undefined });
  }

  #set(name: string, known: Known): void {
    this.#known.set(name, known);
  }
}

/** Replicas that did not change stay the same objects, so that what is kept of them stays as well. */
function withKnownPlaces(map: CollectionMap, before: CollectionMap | undefined): CollectionMap {
  if (before?.uid !== map.uid) return map;
  const known = new Map(
    before.shards.flatMap(({ id, replicas }) =>
      replicas.map((place) => [`${id} ${JSON.stringify(place)}`, place] as const),
    ),
  );
  const shards = map.shards.map((shard) => ({
    ...shard,
    replicas: shard.replicas.map(
      (place) => known.get(`${shard.id} ${JSON.stringify(place)}`) ?? place,
    ),
  }));
  return { ...map, shards };
}

function keyOf(name: string): string {
  return `${collectionPrefix}${name}`;
}

function nameOf(key: string): string {
  return key.slice(collectionPrefix.length);
}
