/**
 * A collection with everything that runs for it, as a supervision tree:
 *
 *   supervisor/<collection>            main thread
 *   ├── collection/<collection>        main thread: the operations, as messages
 *   ├── exchange/<collection>          main thread: what the others have to share
 *   ├── replica/<collection>/0         a write host
 *   ├── builder/<collection>/0         a build host
 *   ├── payload/<collection>/0         the same build host
 *   └── searcher/<collection>/0/<n>    every search host
 *
 * What they share (memory of the rows, log of their changes, newest indexes) is kept by the `Collection`, which no thread's
 * death touches; a child that starts again is given the current state of it.
 */
import { join } from "node:path";
import { DvespError } from "../../base/index.js";
import { SharedRows } from "../../index/index.js";
import type { CollectionSettings } from "../../protocol/index.js";
import type { ActorRef, ActorSystem, Address } from "../../runtime/index.js";
import { Supervisor } from "../../supervisors/index.js";
import type { ChildSpec, HostDirectory, LifecycleEvent } from "../../supervisors/index.js";
import type { HybridClock } from "../../consistency/index.js";
import type { IndexBuilderArgs } from "../index-builder/actor.js";
import { ChangeLog } from "../../payload/index.js";
import type { PayloadBuilderArgs } from "../payload-builder/actor.js";
import type { ReplicaArgs } from "../replica/actor.js";
import { rowSlots } from "../row-slots.js";
import type { SearcherArgs } from "../searcher/actor.js";
import { collectionActor } from "./actor.js";
import { exchangeActor } from "./exchange.js";
import type { CollectionMessage } from "./actor.js";
import { Collection } from "./collection.js";
import { indexedCollection } from "./settings.js";
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
  readonly onLifecycle: (event: LifecycleEvent) => void;
  /** Why a collection is not served any more, if so: dropped, or the node is stopping. */
  readonly whyClosed: (collection: string) => DvespError | undefined;
}

/** Reading all rows from disk is part of a replica's start. */
const startMsMax = 600_000;
const shard = 0;

const modules = {
  replica: new URL("../replica/actor.js", import.meta.url).href,
  builder: new URL("../index-builder/actor.js", import.meta.url).href,
  payload: new URL("../payload-builder/actor.js", import.meta.url).href,
  searcher: new URL("../searcher/actor.js", import.meta.url).href,
};

export interface CollectionTree {
  readonly collection: Collection;
  readonly supervisor: Supervisor;
  readonly ref: ActorRef<CollectionMessage>;
}

/** The tree, not started yet: start it with `supervisor.asChild()` under a supervisor. */
export function collectionTree(options: TreeOptions): CollectionTree {
  const { system, hosts, settings, onLifecycle } = options;
  const places = placesOf(options);
  const collection = makeCollection(options, places, () => ended(options, supervisor, places));
  const supervisor: Supervisor = new Supervisor({
    name: `supervisor/${settings.collection}`,
    system,
    hosts,
    children: childSpecs(options, places, collection),
  });
  supervisor.lifecycle$.subscribe(onLifecycle);
  return { collection, supervisor, ref: system.ref(places.collection) };
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

function childSpecs(options: TreeOptions, places: Places, collection: Collection): ChildSpec[] {
  const { settings, system, plan } = options;
  const directory = shardDirectory(options.directory, shard);
  const of = { collection: settings.collection, shard };
  const replica = (): ReplicaArgs => ({
    ...of,
    watches: collection.watches,
    directory,
    dimension: settings.dimension,
    distance_metric: settings.distance_metric,
    owner: places.exchange,
    told: [places.builder, places.payload],
  });
  const builder: IndexBuilderArgs = {
    ...of,
    directory: join(directory, "index"),
    index: indexedCollection(settings),
    helpers: plan.buildHelpers,
    owner: places.exchange,
  };
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
    { name: places.exchange.name, start: { definition: exchangeActor(collection) } },
    onHost(places.replica, modules.replica, replica, () => collection.sharedWithReplica),
    onHost(places.builder, modules.builder, builder, () => collection.shared),
    onHost(places.payload, modules.payload, payload, () => collection.sharedWithPayloadBuilder),
    ...places.searchers.map((address, index) => {
      const searcher: SearcherArgs = { settings, directory, slot: rowSlots.firstSearcher + index };
      const given = (): readonly unknown[] => collection.sharedWithSearcher(index);
      return onHost(address, modules.searcher, searcher, given);
    }),
  ];
}

function onHost(
  { host, name }: Address,
  module: string,
  args: unknown,
  attachments: () => readonly unknown[],
): ChildSpec {
  return { name, startMs: startMsMax, start: { module, host, args, attachments } };
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
