/**
 * The collections of a node: opens what the map of the cluster has, with the shards that it places
 * here, creates, drops. What is done with one name follows each other; a name is only handed out while
 * its collection is whole.
 */
import { DvespError, isDvespError, toDvespError } from "../base/index.js";
import type { Clock, Timer } from "../base/index.js";
import { completeSettings, implicitRequest } from "../actors/index.js";
import type { Collection, CollectionTree, PreparedWrite } from "../actors/index.js";
import { collectionNotFound } from "../cluster/index.js";
import type { CollectionMap } from "../cluster/index.js";
import type { NormalCreate } from "../protocol/index.js";
import type { Supervisor } from "../supervisors/index.js";
import { alignShards } from "./align-shards.js";
import type { AlignParts } from "./align-shards.js";

export interface RegistryParts extends AlignParts {
  /** Supervises the supervisors of the collections. */
  readonly supervisor: Supervisor;
  readonly makeTree: (map: CollectionMap, directory: string) => CollectionTree;
  /** Resolves when the other nodes have the collection of that uid open, or none, as this one does. */
  readonly settled: (collection: string, uid: string | undefined) => Promise<void>;
  readonly clock: Clock;
  /** Of a collection whose creator says nothing of it. */
  readonly shards: number;
  readonly emit: (type: string, details: Readonly<Record<string, unknown>>) => void;
}

interface OpenCollection {
  /** With which what runs is in line. */
  readonly map: CollectionMap;
  readonly tree: CollectionTree;
}

/** What could not be brought in line with a map, or with there being none, and why. */
interface Failure {
  readonly map: CollectionMap | undefined;
  readonly error: DvespError;
}

/** After this long what could not be brought in line with the map is tried again. */
const retryMs = 1000;
/** Collections opened at the same time when a node starts. */
const openingAtOnce = 4;

export class CollectionRegistry {
  readonly #parts: RegistryParts;
  readonly #open = new Map<string, OpenCollection>();
  /** What could not be opened here, and is tried again. */
  readonly #failed = new Map<string, Failure>();
  /** Until then it is left alone. */
  #retry: Timer | undefined;
  /** The last operation on each name, for the next one to wait for. */
  readonly #queues = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /**
   * Opens every collection of the map, and follows the map from then on. Errors: why one could not be
   * opened; but one that has replicas elsewhere is tried again when there is room.
   */
  async openAll(): Promise<void> {
    const { view } = this.#parts;
    view.onChange(() => this.#follow());
    const waiting = view.collections().map(({ settings }) => settings.collection);
    const openNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const name = next;
        await this.#inTurn(name, () => this.#align(name)).catch((error: unknown) => {
          if (!this.#mayWait(name, error)) throw error;
          this.#tryAgain(name, error);
        });
      }
    };
    await Promise.all(Array.from({ length: openingAtOnce }, openNext));
  }

  /** From now on the map is not followed any more. */
  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
  }

  list(): Collection[] {
    return [...this.#open.keys()].flatMap((name) => this.find(name)?.collection ?? []);
  }

  /** The tree of a collection that is whole, and in the map. */
  find(name: string): CollectionTree | undefined {
    const open = this.#open.get(name);
    return open && this.#isMapped(name, open) ? open.tree : undefined;
  }

  /** Errors: `COLLECTION_NOT_FOUND`; `NOT_ENOUGH_REPLICAS` when it is there and cannot be opened here. */
  tree(name: string): CollectionTree {
    const tree = this.find(name);
    if (tree) return tree;
    const cause = this.#failure(name);
    if (!cause) throw collectionNotFound(name);
    const message = `this node cannot open ${name} now: ${cause.message}`;
    throw new DvespError("NOT_ENOUGH_REPLICAS", message, { cause });
  }

  /** Why the actors of a collection are gone for good, if so: it was dropped. */
  whyGone(name: string, uid: string): DvespError | undefined {
    return this.#parts.view.collection(name)?.uid === uid ? undefined : collectionNotFound(name);
  }

  /** The collection, once nothing is under way that makes it. Errors: `COLLECTION_NOT_FOUND`. */
  async forRead(name: string): Promise<Collection> {
    if (!this.find(name)) await this.#queues.get(name)?.catch(() => undefined);
    return this.tree(name).collection;
  }

  /** As `forRead`; an insert makes the collection if there is none. */
  async forWrite(name: string, { write, dimension }: PreparedWrite): Promise<Collection> {
    const tree = this.find(name);
    if (tree) return tree.collection;
    if (write.kind !== "insert" || dimension === undefined || this.#failure(name)) {
      return this.forRead(name);
    }
    return this.#inTurn(name, () => {
      const made = this.find(name);
      return made?.collection ?? this.#make(implicitRequest(name, dimension));
    });
  }

  /** Errors: `ALREADY_EXISTS` when it is there with other settings, and those of `ClusterView`. */
  create(request: NormalCreate): Promise<Collection> {
    return this.#inTurn(request.collection, () => this.#make(request));
  }

  /** Errors: `COLLECTION_NOT_FOUND`. */
  drop(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      await this.#parts.view.drop(name);
      await this.#align(name);
      await this.#parts.settled(name, undefined);
    });
  }

  /**
   * Whether this node has open what its map has of a collection, which is that of `uid`, or none; also
   * when it tried in vain: it goes on trying, and nobody waits for it.
   */
  isSettled(name: string, uid: string | undefined): boolean {
    if (this.#parts.view.collection(name)?.uid !== uid) return false;
    return this.#open.get(name)?.map.uid === uid || this.#failure(name) !== undefined;
  }

  #isMapped(name: string, { map }: OpenCollection): boolean {
    return this.#parts.view.collection(name)?.uid === map.uid;
  }

  async #make(request: NormalCreate): Promise<Collection> {
    const { view, emit, settled, shards } = this.#parts;
    const { collection: name } = request;
    const there = view.collection(name);
    const isNew = there === undefined;
    const defaults = {
      shards: there?.settings.shards ?? shards,
      replicas: there?.settings.replication_factor ?? view.replicationFactorDefault,
    };
    const { uid } = await view.create(completeSettings(request, defaults));
    try {
      await this.#align(name);
    } catch (error) {
      if (this.#mayWait(name, error)) this.#tryAgain(name, error);
      else if (isNew) await this.#unmake(name);
      if (!this.#failure(name)) throw error;
    }
    await settled(name, uid);
    if (isNew) emit("collection_created", { collection: name });
    return this.tree(name).collection;
  }

  async #unmake(name: string): Promise<void> {
    await this.#parts.view.drop(name);
    await this.#parts.catalog.clear(name);
  }

  /** Brings all that runs here in line with the map, where it is not. */
  #follow(): void {
    const { view } = this.#parts;
    if (this.#closed) return;
    const mapped = view.collections().map(({ settings }) => settings.collection);
    for (const collection of new Set([...this.#open.keys(), ...mapped])) {
      const map = view.collection(collection);
      if (this.#open.get(collection)?.map === map) continue;
      const failed = this.#failed.get(collection);
      if (this.#retry && failed && failed.map === map) continue;
      this.#inTurn(collection, () => this.#align(collection)).catch((error: unknown) =>
        this.#tryAgain(collection, error),
      );
    }
  }

  /** Whether others have a collection for which there is no room here. */
  #mayWait(name: string, error: unknown): boolean {
    const replicas = this.#parts.view.collection(name)?.settings.replication_factor ?? 0;
    return isDvespError(error) && error.code === "STORAGE_FULL" && replicas > 1;
  }

  #tryAgain(collection: string, cause: unknown): void {
    const { view, emit, clock } = this.#parts;
    const error = toDvespError(cause);
    this.#failed.set(collection, { map: view.collection(collection), error });
    emit("collection_failed", { collection, error: error.toPlain() });
    this.#retry ??= clock.after(retryMs, () => {
      this.#retry = undefined;
      this.#follow();
    });
  }

  /** Why what the map has of a name could not be opened, if so. */
  #failure(name: string): DvespError | undefined {
    const failed = this.#failed.get(name);
    const uid = failed?.map?.uid;
    return uid !== undefined && uid === this.#parts.view.collection(name)?.uid
      ? failed?.error
      : undefined;
  }

  /** Brings what runs of a collection in line with the map. Errors: why it cannot be opened. */
  async #align(name: string): Promise<void> {
    await this.#alignNow(name);
    this.#failed.delete(name);
  }

  async #alignNow(name: string): Promise<void> {
    const open = this.#open.get(name);
    if (open && !this.#isMapped(name, open)) await this.#close(name, open);
    const map = this.#parts.view.collection(name);
    if (!map || map === this.#open.get(name)?.map) return;
    const running = this.#open.get(name)?.tree;
    if (running) await alignShards(this.#parts, map, running);
    this.#open.set(name, { map, tree: running ?? (await this.#start(map)) });
  }

  /** Starts all that runs of a collection here, or nothing. */
  async #start(map: CollectionMap): Promise<CollectionTree> {
    const { catalog, makeTree, supervisor } = this.#parts;
    const tree = makeTree(map, catalog.directoryOf(map.settings.collection));
    await supervisor.startChild(tree.supervisor.asChild());
    try {
      await alignShards(this.#parts, map, tree);
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
