/**
 * The collections of a node: opens what the catalog holds, creates, drops. Operations on one name
 * follow each other; a name is only handed out while its collection is whole.
 */
import { DvespError, limits } from "../base/index.js";
import { implicitSettings, sameSettings } from "../actors/index.js";
import type { Collection, CollectionTree, PreparedWrite } from "../actors/index.js";
import type { CollectionSettings } from "../protocol/index.js";
import type { Supervisor } from "../supervisors/index.js";
import type { Catalog } from "./catalog.js";

export interface RegistryParts {
  readonly catalog: Catalog;
  /** Supervises the supervisors of the collections. */
  readonly supervisor: Supervisor;
  readonly makeTree: (settings: CollectionSettings, directory: string) => CollectionTree;
  readonly emit: (type: string, details: Readonly<Record<string, unknown>>) => void;
}

/** Collections opened at the same time when a node starts. */
const openingAtOnce = 4;

export class CollectionRegistry {
  readonly #parts: RegistryParts;
  readonly #trees = new Map<string, CollectionTree>();
  readonly #opening = new Set<string>();
  /** The last operation on each name, for the next one to wait for. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /** Opens every collection of the catalog. Errors: why one could not be opened. */
  async openAll(): Promise<void> {
    const waiting = await this.#parts.catalog.load();
    const openNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.#open(next);
    };
    await Promise.all(Array.from({ length: openingAtOnce }, openNext));
  }

  list(): Collection[] {
    return [...this.#trees.values()].map(({ collection }) => collection);
  }

  /** Errors: `COLLECTION_NOT_FOUND`. */
  tree(name: string): CollectionTree {
    const tree = this.#trees.get(name);
    if (tree) return tree;
    throw notFound(name);
  }

  /** Why the collection's actors are gone for good, if so: it was dropped. */
  whyGone(name: string): DvespError | undefined {
    if (this.#trees.has(name) || this.#opening.has(name)) return undefined;
    return notFound(name);
  }

  /** The collection, once nothing is under way that makes it. Errors: `COLLECTION_NOT_FOUND`. */
  async forRead(name: string): Promise<Collection> {
    if (!this.#trees.has(name)) await this.#queues.get(name)?.catch(() => undefined);
    return this.tree(name).collection;
  }

  /** As `forRead`; an insert makes the collection if there is none. */
  async forWrite(name: string, { write, dimension }: PreparedWrite): Promise<Collection> {
    const tree = this.#trees.get(name);
    if (tree) return tree.collection;
    if (write.kind !== "insert" || dimension === undefined) return this.forRead(name);
    return this.#inTurn(name, () => {
      const made = this.#trees.get(name);
      return made?.collection ?? this.#make(implicitSettings(name, dimension));
    });
  }

  /** Errors: `ALREADY_EXISTS` when it is there with other settings. */
  create(settings: CollectionSettings): Promise<Collection> {
    const name = settings.collection;
    return this.#inTurn(name, () => {
      const there = this.#trees.get(name);
      if (!there) return this.#make(settings);
      if (sameSettings(there.collection.settings, settings)) return there.collection;
      throw new DvespError("ALREADY_EXISTS", `collection ${name} exists with other settings`);
    });
  }

  /** Errors: `COLLECTION_NOT_FOUND`. */
  drop(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const { supervisor } = this.tree(name);
      this.#trees.delete(name);
      await this.#parts.supervisor.stopChild(supervisor.address.name);
      await this.#parts.catalog.remove(name);
      this.#parts.emit("collection_dropped", { collection: name });
    });
  }

  async #make(settings: CollectionSettings): Promise<Collection> {
    if (this.#trees.size >= limits.collectionsMax) {
      throw new DvespError("TOO_LARGE", `a node has at most ${limits.collectionsMax} collections`);
    }
    await this.#parts.catalog.add(settings);
    try {
      const collection = await this.#open(settings);
      this.#parts.emit("collection_created", { collection: settings.collection });
      return collection;
    } catch (error) {
      await this.#parts.catalog.remove(settings.collection);
      throw error;
    }
  }

  async #open(settings: CollectionSettings): Promise<Collection> {
    const { catalog, makeTree, supervisor } = this.#parts;
    const name = settings.collection;
    const tree = makeTree(settings, catalog.directoryOf(name));
    this.#opening.add(name);
    try {
      await supervisor.startChild(tree.supervisor.asChild());
      try {
        await tree.ready();
      } catch (error) {
        await supervisor.stopChild(tree.supervisor.address.name);
        throw error;
      }
      this.#trees.set(name, tree);
    } finally {
      this.#opening.delete(name);
    }
    return tree.collection;
  }

  async #inTurn<Result>(name: string, task: () => Result | Promise<Result>): Promise<Result> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const result = before.catch(() => undefined).then(task);
    this.#queues.set(name, result);
    try {
      return await result;
    } finally {
      if (this.#queues.get(name) === result) this.#queues.delete(name);
    }
  }
}

function notFound(name: string): DvespError {
  const message = `there is no collection ${name}`;
  return new DvespError("COLLECTION_NOT_FOUND", message, { field: "collection" });
}
