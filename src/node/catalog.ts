/**
 * Which collections a data directory holds. Each has a directory of its own with its settings; a
 * collection exists from the moment its settings file is in place until that file is gone, so that a
 * crash never leaves half of one.
 *
 *   collections/<name>/collection.json
 *   collections/<name>/shard-0/…
 */
import { join } from "node:path";
import { DvespError, readJsonFile, writeJsonFile } from "../base/index.js";
import type { Disk } from "../base/index.js";
import type { CollectionSettings } from "../protocol/index.js";

const settingsFile = "collection.json";

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
  async load(): Promise<CollectionSettings[]> {
    await this.#disk.makeDirectory(this.#root);
    for (const name of await this.#disk.list(this.#root)) {
      if ((await this.#read(name)) === undefined) await this.#clear(name);
    }
    return this.list();
  }

  /** All collections. Errors: `DATA_CORRUPTED`, naming the collection. */
  async list(): Promise<CollectionSettings[]> {
    const found: CollectionSettings[] = [];
    for (const name of await this.#disk.list(this.#root)) {
      const settings = await this.#read(name);
      if (settings !== undefined) found.push(checkSettings(settings, name));
    }
    return found;
  }

  async add(settings: CollectionSettings): Promise<void> {
    const directory = this.directoryOf(settings.collection);
    await this.#clear(settings.collection);
    await this.#disk.makeDirectory(directory);
    await writeJsonFile(this.#disk, join(directory, settingsFile), settings);
  }

  /** The collection is gone once this resolves, even if its files are not all removed yet. */
  async remove(collection: string): Promise<void> {
    const directory = this.directoryOf(collection);
    await this.#disk.unlink(join(directory, settingsFile));
    await this.#disk.syncDirectory(directory);
    await this.#clear(collection);
  }

  #read(collection: string): Promise<unknown> {
    return readJsonFile(this.#disk, join(this.directoryOf(collection), settingsFile));
  }

  async #clear(collection: string): Promise<void> {
    await this.#disk.removeDirectory(this.directoryOf(collection));
  }
}

function checkSettings(value: unknown, name: string): CollectionSettings {
  const settings = value as Partial<CollectionSettings> | null;
  if (settings?.collection === name && typeof settings.dimension === "number" && settings.index) {
    return settings as CollectionSettings;
  }
  throw new DvespError("DATA_CORRUPTED", `the settings of collection ${name} are damaged`);
}
