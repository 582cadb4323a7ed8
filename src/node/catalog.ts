/**
 * Which collections a data directory holds. Each has a directory of its own with its map: settings,
 * shards, and which of all collections that had the name it is. A collection exists from the moment
 * that file is in place until it is gone, so that a crash never leaves half of one.
 *
 *   collections/<name>/collection.json
 *   collections/<name>/shard-<n>/…
 */
import { join } from "node:path";
import { shardDirectory } from "../actors/index.js";
import { DvespError, readJsonFile, writeJsonFile } from "../base/index.js";
import type { Disk } from "../base/index.js";
import type { CollectionMap } from "../cluster/index.js";
import type { CollectionSettings } from "../protocol/index.js";

const mapFile = "collection.json";
const shardPattern = /^shard-(\d+)$/;

export class Catalog {
  readonly #disk: Disk;
  readonly #root: string;

  constructor(disk: Disk, dataDirectory: string) {
    this.#disk = disk;
    this.#root = join(dataDirectory, "collections");
  }

  directoryOf(collection: string): string {
    return join(this.#root, collection);
  }

  /** All collections; clears away what a crash left of creations and drops. */
  async load(): Promise<CollectionMap[]> {
    await this.#disk.makeDirectory(this.#root);
    for (const name of await this.#disk.list(this.#root)) {
      if ((await this.#read(name)) === undefined) await this.clear(name);
    }
    return this.list();
  }

  /** All collections. Errors: `DATA_CORRUPTED`, naming the collection. */
  async list(): Promise<CollectionMap[]> {
    const found: CollectionMap[] = [];
    for (const name of await this.#disk.list(this.#root)) {
      const map = await this.#read(name);
      if (map !== undefined) found.push(checkMap(map, name));
    }
    return found;
  }

  async add(map: CollectionMap): Promise<void> {
    const { collection } = map.settings;
    await this.clear(collection);
    await this.#disk.makeDirectory(this.directoryOf(collection));
    await this.replace(map);
  }

  /** Keeps the map of a collection; where another one of that name was, its files go first. */
  async keep(map: CollectionMap): Promise<void> {
    const kept = (await this.#read(map.settings.collection)) as Partial<CollectionMap> | undefined;
    if (kept?.uid !== map.uid) await this.add(map);
    else if (JSON.stringify(kept) !== JSON.stringify(map)) await this.replace(map);
  }

  /** Keeps another map of a collection that is there. */
  async replace(map: CollectionMap): Promise<void> {
    await writeJsonFile(this.#disk, this.#fileOf(map.settings.collection), map);
  }

  /** The collection is gone once this resolves; its files are still there: `clear` them. */
  async forget(collection: string): Promise<void> {
    await this.#disk.unlink(this.#fileOf(collection));
    await this.#disk.syncDirectory(this.directoryOf(collection));
  }

  /** Removes all files that are left of a collection that was forgotten. */
  async clear(collection: string): Promise<void> {
    await this.#disk.removeDirectory(this.directoryOf(collection));
  }

  /** Directories of shards that a collection has here, by number. */
  async shardsOf(collection: string): Promise<number[]> {
    const names = await this.#disk.list(this.directoryOf(collection)).catch(() => []);
    return names.flatMap((name) => {
      const number = shardPattern.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  }

  /** Removes the data of a shard, which is not here any more. */
  async clearShard(collection: string, shard: number): Promise<void> {
    await this.#disk.removeDirectory(shardDirectory(this.directoryOf(collection), shard));
  }

  #read(collection: string): Promise<unknown> {
    return readJsonFile(this.#disk, this.#fileOf(collection));
  }

  #fileOf(collection: string): string {
    return join(this.directoryOf(collection), mapFile);
  }
}

function checkMap(value: unknown, name: string): CollectionMap {
  const map = value as { readonly [member in keyof CollectionMap]?: unknown } | null;
  const settings = map?.settings as Partial<CollectionSettings> | undefined;
  const isOfName = settings?.collection === name && typeof settings.dimension === "number";
  if (isOfName && settings.index && typeof map?.uid === "string" && Array.isArray(map.shards)) {
    return value as CollectionMap;
  }
  throw new DvespError("DATA_CORRUPTED", `the map of collection ${name} is damaged`);
}
