/**
 * A collection with everything that runs for it, as a supervision tree:
 *
 *   supervisor/<collection>            main thread
 *   ├── collection/<collection>        main thread: the operations, as messages
 *   ├── exchange/<collection>          main thread: what the others have to share
 *   ├── replica/<collection>/0         a write host
 *   ├── builder/<collection>/0         a build host
 *   ├── payload/<collection>/0         the same build host
 *   ├── searcher/<collection>/0/<n>    every search host
 *   └── builder/<collection>/0/<m>     the same, while there is an index by metric m too
 *
 * What they share (memory of the rows, log of their changes, newest indexes) is kept by the `Collection`, which no thread's
 * death touches; a child that starts again is given the current state of it.
 */
import { join } from "node:path";
import { DvespError } from "../../base/index.js";
import type { Disk } from "../../base/index.js";
import { SharedRows } from "../../index/index.js";
import type { CollectionSettings } from "../../protocol/index.js";
import type { ActorRef, ActorSystem, Address } from "../../runtime/index.js";
import { Supervisor } from "../../supervisors/index.js";
import type { ChildSpec, HostDirectory, LifecycleEvent } from "../../supervisors/index.js";
import type { HybridClock } from "../../consistency/index.js";
import { ChangeLog } from "../../payload/index.js";
import type { PayloadBuilderArgs } from "../payload-builder/actor.js";
import type { ReplicaArgs } from "../replica/actor.js";
import { rowSlots } from "../row-slots.js";
import type { SearcherArgs } from "../searcher/actor.js";
import { collectionActor } from "./actor.js";
import { exchangeActor } from "./exchange.js";
import { IndexBuilders } from "./index-builders.js";
import type { CollectionMessage } from "./actor.js";
import { Collection } from "./collection.js";
import { MetricDemand } from "./metric-demand.js";
import type { DemandLimits } from "./metric-demand.js";
import { MetricIndexes } from "./metric-indexes.js";
import { onHost } from "./on-host.js";
import { WorkerPool } from "./worker-pool.js";

/** Names of the hosts that a collection runs on. */
export interface HostPlan {
  readonly write: string;
  readonly build: string;
  /** Threads of the build host that may help it. */
  readonly buildHelpers: number;
  readonly search: readonly string[];
}

export interface TreeOptions {
  readonly system: ActorSystem;
  readonly hosts: HostDirectory;
  readonly plan: HostPlan;
  readonly settings: CollectionSettings;
  /** The collection's own. */
  readonly directory: string;
  readonly node: string;
  readonly versions: HybridClock;
  readonly disk: Disk;
  /** When an index by another metric is worth it. */
  readonly demand: DemandLimits;
  readonly onLifecycle: (event: LifecycleEvent) => void;
  /** Why a collection is not served any more, if so: dropped, or the node is stopping. */
  readonly whyClosed: (collection: string) => DvespError | undefined;
}

const shard = 0;
/** Idle indexes are looked for so often within the time after which they are dropped. */
const looksPerIdle = 24;

const modules = {
  replica: new URL("../replica/actor.js", import.meta.url).href,
  payload: new URL("../payload-builder/actor.js", import.meta.url).href,
  searcher: new URL("../searcher/actor.js", import.meta.url).href,
};

export interface CollectionTree {
  readonly collection: Collection;
  readonly supervisor: Supervisor;
  readonly ref: ActorRef<CollectionMessage>;
  /** Call once after the tree has started. Errors: why the collection cannot be served. */
  readonly ready: () => Promise<void>;
}

/** The tree, not started yet: start it with `supervisor.asChild()` under a supervisor. */
export function collectionTree(options: TreeOptions): CollectionTree {
  const { system, hosts, settings, onLifecycle } = options;
  const places = placesOf(options);
  const collection = makeCollection(options, places, () => ended(options, supervisor, places));
  const builders = makeBuilders(options, places, collection, () => supervisor);
  const indexes = new MetricIndexes({
    collection,
    builders,
    demand: new MetricDemand(options.demand),
    clock: system.clock,
    emit: (type, details) => system.emit(type, details),
    lookMs: options.demand.idleMs / looksPerIdle,
  });
  const supervisor: Supervisor = new Supervisor({
    name: `supervisor/${settings.collection}`,
    system,
    hosts,
    children: childSpecs(options, places, collection, builders, indexes),
  });
  supervisor.lifecycle$.subscribe(onLifecycle);
  const ready = async (): Promise<void> => {
    await collection.ready();
    await indexes.restore();
  };
  return { collection, supervisor, ref: system.ref(places.collection), ready };
}

interface Places {
  readonly collection: Address;
  readonly exchange: Address;
  readonly replica: Address;
  readonly builder: Address;
  readonly payload: Address;
  readonly searchers: readonly Address[];
}

function placesOf({ system, settings, plan }: TreeOptions): Places {
  const name = settings.collection;
  return {
    collection: { host: system.host, name: `collection/${name}` },
    exchange: { host: system.host, name: `exchange/${name}` },
    replica: { host: plan.write, name: `replica/${name}/${shard}` },
    builder: { host: plan.build, name: `builder/${name}/${shard}` },
    payload: { host: plan.build, name: `payload/${name}/${shard}` },
    searchers: plan.search.map((host, index) => ({
      host,
      name: `searcher/${name}/${shard}/${index}`,
    })),
  };
}

function makeCollection(
  { system, settings, node, versions }: TreeOptions,
  places: Places,
  ended: () => DvespError | undefined,
): Collection {
  const { clock, random } = system;
  const searchers = places.searchers.map((address) => system.ref(address));
  return new Collection({
    settings,
    node,
    clock,
    random,
    versions,
    replica: system.ref(places.replica),
    builder: system.ref(places.builder),
    searchers: new WorkerPool({ clock, refs: searchers, ended }),
    ended,
    rows: SharedRows.create({ dimension: settings.dimension }).share(),
    changes: ChangeLog.create().buffer,
  });
}

function makeBuilders(
  { settings, directory, disk, system, plan }: TreeOptions,
  places: Places,
  collection: Collection,
  supervisor: () => Supervisor,
): IndexBuilders {
  return new IndexBuilders({
    settings,
    shard,
    directory: shardDirectory(directory, shard),
    disk,
    system,
    supervisor,
    own: places.builder,
    owner: places.exchange,
    helpers: plan.buildHelpers,
    attachments: () => collection.shared,
  });
}

function childSpecs(
  options: TreeOptions,
  places: Places,
  collection: Collection,
  builders: IndexBuilders,
  indexes: MetricIndexes,
): ChildSpec[] {
  const { settings, system } = options;
  const directory = shardDirectory(options.directory, shard);
  const of = { collection: settings.collection, shard };
  const replica = (): ReplicaArgs => ({
    ...of,
    watches: collection.watches,
    directory,
    dimension: settings.dimension,
    distance_metric: settings.distance_metric,
    owner: places.exchange,
    payloadBuilder: places.payload,
    indexBuilders: collection.indexBuilders,
  });
  const payload: PayloadBuilderArgs = {
    ...of,
    directory,
    dimension: settings.dimension,
    owner: places.exchange,
  };
  return [
    {
      name: places.collection.name,
      start: { definition: collectionActor(collection, system.clock, system.random) },
    },
    { name: places.exchange.name, start: { definition: exchangeActor(collection, indexes) } },
    onHost(places.replica, modules.replica, replica, () => collection.sharedWithReplica),
    builders.spec(settings.distance_metric),
    onHost(places.payload, modules.payload, payload, () => collection.sharedWithPayloadBuilder),
    ...places.searchers.map((address, index) => {
      const searcher: SearcherArgs = {
        settings,
        directory,
        slot: rowSlots.firstSearcher + index,
        owner: places.exchange,
      };
      const given = (): readonly unknown[] => collection.sharedWithSearcher(index);
      return onHost(address, modules.searcher, searcher, given);
    }),
  ];
}

/** Why the collection's actors will not come back, if so. */
function ended(
  { settings, whyClosed }: TreeOptions,
  supervisor: Supervisor,
  { replica }: Places,
): DvespError | undefined {
  const closed = whyClosed(settings.collection);
  if (closed) return closed;
  const child = supervisor.children().find(({ name }) => name === replica.name);
  if (child && child.phase !== "ended") return undefined;
  return new DvespError("NOT_ENOUGH_REPLICAS", "the replica of this node has given up");
}

/** Where the files of a shard are. */
export function shardDirectory(directory: string, number: number): string {
  return join(directory, `shard-${number}`);
}
