/**
 * Whether the data that a shard has on this node is what the map counts on.
 *
 * Data has a name, made with it and kept beside it (`replica.json`), and the map says which name it
 * expects. A place without a name was never filled: what is missing there was never acknowledged by it,
 * so an empty replica may take part at once. But where the map has a name and the disk another one, or
 * none, what was acknowledged is lost: the replica must be filled by the others before it counts again.
 */
import { shardDirectory } from "../actors/index.js";
import { randomUuid } from "../base/index.js";
import type { Disk, Random } from "../base/index.js";
import type { ClusterView, CollectionMap, ReplicaPlace, ShardPlaces } from "../cluster/index.js";
import type { Catalog } from "./catalog.js";
import { makeIdentity, readIdentity } from "./replica-identity.js";

export interface ClaimParts {
  readonly view: ClusterView;
  readonly catalog: Catalog;
  readonly disk: Disk;
  readonly random: Random;
  readonly emit: (type: string, details: Readonly<Record<string, unknown>>) => void;
}

export class ReplicaClaims {
  readonly #parts: ClaimParts;

  constructor(parts: ClaimParts) {
    this.#parts = parts;
  }

  /** Removes what is left of what was dropped while this node was away. */
  async clearDropped(): Promise<void> {
    const { catalog, view } = this.#parts;
    for (const { settings, uid } of await catalog.load()) {
      const { collection } = settings;
      const map = view.collection(collection);
      if (map?.uid !== uid) await catalog.clear(collection);
    }
  }

  /**
   * Call before a shard is opened here, and when its map has changed. Afterwards disk and map agree on
   * the data's name, and the map says `recovering` where data was lost. `close` stops the shard's actors
   * where what they have open is not what the map counts on. Errors: those of the disk and of the
   * cluster store.
   */
  async claim(map: CollectionMap, shard: number, close: () => Promise<void>): Promise<void> {
    const { view, catalog } = this.#parts;
    const { collection } = map.settings;
    await catalog.keep(map);
    const directory = shardDirectory(catalog.directoryOf(collection), shard);
    for (;;) {
      const place = this.#placeOf(collection, shard);
      if (!place || (await this.#read(directory)) === place.identity) return;
      if (place.identity !== "") this.#parts.emit("replica_data_lost", { collection, shard });
      await close();
      const identity = await this.#make(directory);
      await view.changeShard(collection, shard, (now) => renamed(now, place, identity));
    }
  }

  #placeOf(collection: string, shard: number): ReplicaPlace | undefined {
    const { view } = this.#parts;
    const found = view.collection(collection)?.shards.find(({ id }) => id === shard);
    return found?.replicas.find(({ node }) => node === view.self);
  }

  async #read(directory: string): Promise<string | undefined> {
    return (await readIdentity(this.#parts.disk, directory))?.identity;
  }

  /** An empty directory for data with a new name. */
  async #make(directory: string): Promise<string> {
    const { disk, random } = this.#parts;
    const identity = randomUuid(random);
    await makeIdentity(disk, directory, { identity });
    return identity;
  }
}

/** `expected` with another name, if it is still there; where it had one already, data was lost. */
function renamed(
  now: ShardPlaces,
  { node, identity: expected }: ReplicaPlace,
  identity: string,
): ShardPlaces | undefined {
  const place = now.replicas.find((one) => one.node === node);
  if (place?.identity !== expected) return undefined;
  const isLost = expected !== "" && place.state === "active";
  const then: ReplicaPlace = { ...place, identity, state: isLost ? "recovering" : place.state };
  const replicas = now.replicas.map((one) => (one === place ? then : one));
  return { ...now, replicas, epoch: now.epoch + (isLost ? 1 : 0) };
}
