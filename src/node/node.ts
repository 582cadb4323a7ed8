/**
 * One node: a data directory with its lock, the actor hosts, the collections and their supervision,
 * the stream of events. Everything else (typed store, encoded store, HTTP) stands on it.
 */
import { Gateways, WorkerPool, collectionTree, gatewayModule, noHints } from "../actors/index.js";
import type {
  CallerThread,
  CollectionAccess,
  CollectionTree,
  NodeRepair,
  NodeSplits,
  Shard,
} from "../actors/index.js";
import { DvespError, present } from "../base/index.js";
import type { ClusterView, CollectionMap } from "../cluster/index.js";
import { HybridClock } from "../consistency/index.js";
import type { StoreEvent } from "../protocol/index.js";
import { ActorSystem } from "../runtime/index.js";
import type { Address, AnyDefinition, HostSpec, Hosts } from "../runtime/index.js";
import type { DirectoryLock } from "../storage/index.js";
import { EventBus, Supervisor, rebalanceLists } from "../supervisors/index.js";
import { callerThread } from "./caller-thread.js";
import { Catalog } from "./catalog.js";
import { CollectionRegistry } from "./collection-registry.js";
import { DiskRoom } from "./disk-room.js";
import { systemEnvironment } from "./environment.js";
import type { NodeEnvironment } from "./environment.js";
import { hostFor, hostPlan, hostSpecs, threadCounts } from "./hosts.js";
import type { ThreadCounts } from "./hosts.js";
import { lockDirectory } from "./lock-directory.js";
import { hintsChild, makeRepair } from "./make-repair.js";
import { makeSplits, splitsOf } from "./make-splits.js";
import { describeSelf, nodeActor, nodeActorName } from "./node-actor.js";
import type { NodeOptions } from "./node-options.js";
import type { Standing } from "./standing.js";
import { prefixOf, takeStanding } from "./take-standing.js";
import { tuningDefault } from "./tuning.js";
import type { NodeTuning } from "./tuning.js";

/** How long actors may take to stop. */
const closeMsMax = 30_000;
/** How long a node of a cluster waits for its predecessor to let go of the data directory. */
const predecessorMs = 60_000;

interface NodeParts {
  readonly standing: Standing;
  readonly system: ActorSystem;
  readonly events: EventBus<StoreEvent>;
  readonly catalog: Catalog;
  readonly environment: NodeEnvironment;
  readonly lock: DirectoryLock;
  readonly options: NodeOptions;
  readonly tuning: NodeTuning;
}

export class Node {
  /** What it knows of the cluster. */
  readonly view: ClusterView;
  /** Its part in it. */
  readonly standing: Standing;
  readonly system: ActorSystem;
  readonly hosts: Hosts;
  readonly supervisor: Supervisor;
  readonly registry: CollectionRegistry;
  readonly gateways: Gateways;
  readonly events: EventBus<StoreEvent>;
  /** What keeps its replicas like those of other nodes; a node that is alone needs none. */
  readonly repair: NodeRepair | undefined;
  readonly disk: DiskRoom;
  /** What splits shards that have grown too large. */
  readonly splits: NodeSplits;
  readonly #lock: DirectoryLock;
  readonly #environment: NodeEnvironment;
  readonly #tuning: NodeTuning;
  readonly #threads: ThreadCounts;
  readonly #specs: readonly HostSpec[];
  readonly #versions: HybridClock;
  readonly #caller: CallerThread | undefined;
  #closed: Promise<void> | undefined;
  #failure: string | undefined;
  #ready = false;

  private constructor(parts: NodeParts) {
    const { standing, system, catalog, environment, options } = parts;
    const { view } = standing;
    this.view = view;
    this.standing = standing;
    this.system = system;
    this.events = parts.events;
    this.#environment = environment;
    this.#lock = parts.lock;
    this.#tuning = parts.tuning;
    this.#threads = threadCounts(options);
    this.disk = new DiskRoom({
      ...{ clock: environment.clock, disk: environment.storage.disk, path: options.path },
      emit: (type, details) => system.emit(type, details),
    });
    this.#specs = hostSpecs(this.#threads, prefixOf(options));
    const testHooks = options.test_hooks ?? false;
    this.hosts = environment.makeHosts({ system, hosts: this.#specs, testHooks });
    this.#caller = callerThread(parts, this.#threads);
    this.#versions = new HybridClock(environment.clock, view.self);
    this.supervisor = this.#rootSupervisor(options);
    this.gateways = new Gateways(this.#gatewayPool(), environment.random);
    this.registry = new CollectionRegistry({
      view,
      catalog,
      supervisor: this.supervisor,
      makeTree: (map, directory) => this.#tree(map, directory),
      claim: (map, shard, close) => standing.claim(map, shard, close),
      settled: (collection, uid) => standing.settled(collection, uid),
      clock: environment.clock,
      shards: this.#tuning.shards,
      emit: (type, details) => system.emit(type, details),
    });
    this.repair = options.cluster && this.#makeRepair();
    const limits = splitsOf(options, this.#tuning.splits);
    const { disk } = environment.storage;
    this.splits = makeSplits({ system, standing, registry: this.registry, catalog, disk, limits });
  }

  /**
   * Errors: `DIRECTORY_LOCKED`, `DATA_CORRUPTED`, `STORAGE_FULL`; for a node of a cluster also those of
   * `ClusterLink.join`.
   */
  static async open(
    options: NodeOptions,
    tuning: NodeTuning = tuningDefault,
    environment: NodeEnvironment = systemEnvironment,
  ): Promise<Node> {
    const { clock, random, storage, load } = environment;
    const waitMs = options.cluster ? predecessorMs : 0;
    const lock = await lockDirectory(options.path, environment, waitMs);
    const events = new EventBus<StoreEvent>();
    const host = `${prefixOf(options)}main`;
    const base = { host, clock, random, storage, load };
    const system = new ActorSystem({ ...base, onEvent: events.publish });
    try {
      const catalog = new Catalog(storage.disk, options.path);
      const standing = await takeStanding(options, system, environment, catalog);
      const parts = { standing, system, events, catalog, environment, lock, options, tuning };
      const node = new Node(parts);
      await node.#start();
      return node;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Undefined when the node can serve, otherwise why not. */
  unreadyReason(): string | undefined {
    if (this.#closed) return "the node is stopping";
    if (this.#failure !== undefined) return this.#failure;
    return this.#ready ? undefined : "the node is starting";
  }

  /** Stops everything in good order: writes under way are finished. A second call waits too. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #start(): Promise<void> {
    rebalanceLists({
      events$: this.events.events$,
      clock: this.system.clock,
      command: async ({ collection, shard, distance_metric }, step) =>
        this.#shard(collection, shard).rebalance(distance_metric, step),
    });
    try {
      await this.hosts.start();
      await this.supervisor.start();
      await this.system.spawnLocal({ name: nodeActorName }, this.#actor());
      this.disk.start();
      await this.registry.openAll();
      await this.repair?.start();
      this.splits.start();
      this.#ready = true;
    } catch (error) {
      await this.#stop();
      throw error;
    }
  }

  #actor(): AnyDefinition {
    return nodeActor({
      isSettled: (collection, uid) => this.registry.isSettled(collection, uid),
      describeSelf: () => describeSelf(this),
      splitStatus: (split) => this.splits.status(split),
      splitFinish: (split) => this.splits.finish(split),
    });
  }

  async #close(): Promise<void> {
    await this.#stop();
    this.#lock.release();
  }

  async #stop(): Promise<void> {
    this.registry.close();
    this.disk.stop();
    await this.standing.leave();
    await Promise.all([this.repair?.stop(), this.splits.stop()]);
    await this.supervisor.stop(closeMsMax);
    await this.hosts.close(closeMsMax);
    await this.system.stopAll(closeMsMax);
    this.system.closeLinks();
    this.events.close();
  }

  #makeRepair(): NodeRepair {
    const { system, standing, registry } = this;
    const access = (name: string): CollectionAccess | undefined => registry.find(name)?.access;
    return makeRepair({
      ...{ system, standing, access, versions: this.#versions, hints: this.#hints },
      limits: this.#environment.repair,
    });
  }

  /** Where hints for other nodes are kept. */
  get #hints(): Address {
    return { host: hostFor(this.#specs, "write", "hints"), name: "hints" };
  }

  #rootSupervisor({ cluster, path }: NodeOptions): Supervisor {
    const gateways = this.#gatewayNames().map(({ host, name }) => ({
      name,
      start: { module: gatewayModule, host },
    }));
    const supervisor = new Supervisor({
      name: "supervisor",
      system: this.system,
      hosts: this.hosts,
      children: cluster ? [...gateways, hintsChild(this.#hints, path)] : gateways,
      onEscalate: (error) => {
        this.#failure = error.message;
        this.system.emit("escalated", { error: error.toPlain() });
      },
    });
    supervisor.lifecycle$.subscribe((event) => this.#publishLifecycle(event));
    return supervisor;
  }

  #gatewayPool(): WorkerPool {
    const refs = this.#gatewayNames().map((address) => this.system.ref(address));
    return new WorkerPool({ clock: this.system.clock, refs, ended: () => this.#whyStopping() });
  }

  #gatewayNames(): { host: string; name: string }[] {
    return this.#specs
      .filter(({ role }) => role === "write")
      .map(({ name }) => ({ host: name, name: `gateway/${name}` }));
  }

  #tree(map: CollectionMap, directory: string): CollectionTree {
    const { collection } = map.settings;
    return collectionTree({
      system: this.system,
      hosts: this.hosts,
      view: this.view,
      map,
      plan: (shard) => hostPlan(this.#specs, this.#threads, `${collection}/${shard}`),
      directory,
      versions: this.#versions,
      disk: this.#environment.storage.disk,
      caller: this.#caller,
      demand: this.#tuning.demand,
      codec: this.gateways,
      hints: this.repair?.hintsOf(collection, map.uid) ?? noHints,
      repair: (stale) => this.repair?.stale(collection, stale),
      onLifecycle: (event) => this.#publishLifecycle(event),
      whyClosed: () => this.#whyStopping() ?? this.registry.whyGone(collection, map.uid),
    });
  }

  #shard(collection: string, id: number): Shard {
    return present(this.registry.tree(collection).shards.half(id), "a shard of this node");
  }

  #whyStopping(): DvespError | undefined {
    return this.#closed && new DvespError("CLOSED", "the node is stopping");
  }

  #publishLifecycle(event: { readonly type: string; readonly time_ms: number }): void {
    this.events.publish({ ...event, host: this.system.host });
  }
}
