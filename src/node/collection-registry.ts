/**
 * The collections of a node: opens what the map of the cluster has, with the shards that it places
 * here, creates, drops. What is done with one name follows each other; a name is only handed out while
 * its collection is whole.
 */
import { DvespError, toDvespError } from "../base/index.js";
import { implicitSettings } from "../actors/index.js";
import type { Collection, CollectionTree, PreparedWrite } from "../actors/index.js";
import type { ClusterView, CollectionMap } from "../cluster/index.js";
import type { CollectionSettings } from "../protocol/index.js";
import type { Supervisor } from "../supervisors/index.js";
import type { Catalog } from "./catalog.js";

export interface RegistryParts {
  readonly view: ClusterView;
  readonly catalog: Catalog;
  /** Supervises the supervisors of the collections. */
  readonly supervisor: Supervisor;
  readonly makeTree: (map: CollectionMap, directory: string) => CollectionTree;
  readonly emit: (type: string, details: Readonly<Record<string, unknown>>) => void;
}

interface OpenCollection {
  /** With which what runs is in line. */
  readonly map: CollectionMap;
  readonly tree: CollectionTree;
}

/** Collections opened at the same time when a node starts. */
const openingAtOnce = 4;

export class CollectionRegistry {
  readonly #parts: RegistryParts;
  readonly #open = new Map<string, OpenCollection>();
  /** The last operation on each name, for the next one to wait for. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /** Opens every collection of the map, and follows the map from then on. Errors: why one could not be opened. */
  async openAll(): Promise<void> {
    const { view } = this.#parts;
    view.onChange(() => this.#follow());
    const waiting = view.collections().map(({ settings }) => settings.collection);
    const openNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const name = next;
        await this.#inTurn(name, () => this.#align(name));
      }
    };
    await Promise.all(Array.from({ length: openingAtOnce }, openNext));
  }

  list(): Collection[] {
    return [...this.#open.keys()].flatMap((name) => this.#found(name)?.collection ?? []);
  }

  /** Errors: `COLLECTION_NOT_FOUND`. */
  tree(name: string): CollectionTree {
    const tree = this.#found(name);
    if (tree) return tree;
    throw notFound(name);
  }

  /** Why the actors of a collection are gone for good, if so: it was dropped. */
  whyGone(name: string, uid: string): DvespError | undefined {
    return this.#parts.view.collection(name)?.uid === uid ? undefined : notFound(name);
  }

  /** The collection, once nothing is under way that makes it. Errors: `COLLECTION_NOT_FOUND`. */
  async forRead(name: string): Promise<Collection> {
    if (!this.#found(name)) await this.#queues.get(name)?.catch(() => undefined);
    return this.tree(name).collection;
  }

  /** As `forRead`; an insert makes the collection if there is none. */
  async forWrite(name: string, { write, dimension }: PreparedWrite): Promise<Collection> {
    const tree = this.#found(name);
    if (tree) return tree.collection;
    if (write.kind !== "insert" || dimension === undefined) return this.forRead(name);
    return this.#inTurn(name, () => {
      const made = this.#found(name);
      return made?.collection ?? this.#make(implicitSettings(name, dimension));
    });
  }

  /** Errors: `ALREADY_EXISTS` when it is there with other settings, and those of `ClusterView`. */
  create(settings: CollectionSettings): Promise<Collection> {
    return this.#inTurn(settings.collection, () => this.#make(settings));
  }

  /** Errors: `COLLECTION_NOT_FOUND`. */
  drop(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      await this.#parts.view.drop(name);
      await this.#align(name);
    });
  }

  /** The tree of a collection that is whole, and in the map. */
  #found(name: string): CollectionTree | undefined {
    const open = this.#open.get(name);
    return open && this.#isMapped(name, open) ? open.tree : undefined;
  }

  #isMapped(name: string, { map }: OpenCollection): boolean {
    return this.#parts.view.collection(name)?.uid === map.uid;
  }

  async #make(settings: CollectionSettings): Promise<Collection> {
    const { view, emit } = this.#parts;
    const { collection: name } = settings;
    const isNew = view.collection(name) === undefined;
    await view.create(settings);
    try {
      await this.#align(name);
    } catch (error) {
      if (isNew) await this.#unmake(name);
      throw error;
    }
    if (isNew) emit("collection_created", { collection: name });
    return this.tree(name).collection;
  }

  async #unmake(name: string): Promise<void> {
    await this.#parts.view.drop(name);
    await this.#parts.catalog.clear(name);
  }

  /** Brings all that runs here in line with the map, where it is not. */
  #follow(): void {
    const { view, emit } = this.#parts;
    const mapped = view.collections().map(({ settings }) => settings.collection);
    for (const collection of new Set([...this.#open.keys(), ...mapped])) {
      if (this.#open.get(collection)?.map === view.collection(collection)) continue;
      this.#inTurn(collection, () => this.#align(collection)).catch((error: unknown) => {
        emit("collection_failed", { collection, error: toDvespError(error).toPlain() });
      });
    }
  }

  /** Brings what runs of a collection in line with the map. Errors: why it cannot be opened. */
  async #align(name: string): Promise<void> {
    const open = this.#open.get(name);
    if (open && !this.#isMapped(name, open)) await this.#close(name, open);
    const map = this.#parts.view.collection(name);
    if (!map || map === this.#open.get(name)?.map) return;
    const running = this.#open.get(name)?.tree;
    if (running) await this.#alignShards(map, running);
    this.#open.set(name, { map, tree: running ?? (await this.#start(map)) });
  }

  async #alignShards({ shards }: CollectionMap, tree: CollectionTree): Promise<void> {
    const { self } = this.#parts.view;
    for (const { id, replicas } of shards) {
      const isHere = replicas.some(({ node }) => node === self);
      await (isHere ? tree.shards.open(id) : tree.shards.close(id));
    }
  }

  /** Starts all that runs of a collection here, or nothing. */
  async #start(map: CollectionMap): Promise<CollectionTree> {
    const { catalog, makeTree, supervisor } = this.#parts;
    const tree = makeTree(map, catalog.directoryOf(map.settings.collection));
    await supervisor.startChild(tree.supervisor.asChild());
    try {
      await this.#alignShards(map, tree);
      return tree;
    } catch (error) {
      await supervisor.stopChild(tree.supervisor.address.name);
      throw error;
    }
  }

  async #close(name: string, { tree }: OpenCollection): Promise<void> {
    this.#open.delete(name);
    await this.#parts.supervisor.stopChild(tree.supervisor.address.name);
    await this.#parts.catalog.clear(name);
    this.#parts.emit("collection_dropped", { collection: name });
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
