/**
 * One replica of one shard with everything that runs for it, as a supervision tree:
 *
 *   supervisor/<collection>/<shard>          main thread
 *   ├── shard/<collection>/<shard>           main thread: whom to ask, for other nodes
 *   ├── exchange/<collection>/<shard>        main thread: what the others have to share
 *   ├── replica/<collection>/<shard>         a write host
 *   ├── builder/<collection>/<shard>         a build host
 *   ├── payload/<collection>/<shard>         the same build host
 *   ├── searcher/<collection>/<shard>/<n>    every search host
 *   ├── searcher/<collection>/<shard>/caller main thread, where that may answer short searches
 *   └── builder/<collection>/<shard>/<m>     the same, while there is an index by metric m too
 *
 * What they share (memory of the rows, log of their changes, newest indexes) is kept by the `Shard`,
 * which no thread's death touches; a child that starts again is given the current state of it.
 */
import { join } from "node:path";
import { DvespError } from "../../base/index.js";
import type { Disk } from "../../base/index.js";
import type { HybridClock } from "../../consistency/index.js";
import { SharedRows } from "../../index/index.js";
import { ChangeLog } from "../../payload/index.js";
import type { CollectionSettings } from "../../protocol/index.js";
import type { ActorSystem, Address } from "../../runtime/index.js";
import { Supervisor } from "../../supervisors/index.js";
import type { ChildSpec, HostDirectory, LifecycleEvent } from "../../supervisors/index.js";
import type { PayloadBuilderArgs } from "../payload-builder/actor.js";
import type { ReplicaArgs } from "../replica/actor.js";
import type { WatchSpec } from "../replica/messages.js";
import { rowSlots } from "../row-slots.js";
import type { SearcherArgs } from "../searcher/searcher-parts.js";
import { WorkerPool } from "../worker-pool.js";
import type { CallerThread } from "../caller/caller-desk.js";
import { shardActor } from "./actor.js";
import { callerDesk } from "./caller-searcher.js";
import { exchangeActor } from "./exchange.js";
import { IndexBuilders } from "./index-builders.js";
import { shardName } from "./messages.js";
import type { SearcherPlace } from "./searcher-shares.js";
import { MetricDemand } from "./metric-demand.js";
import type { DemandLimits } from "./metric-demand.js";
import { MetricIndexes } from "./metric-indexes.js";
import { onHost } from "./on-host.js";
import { Shard } from "./shard.js";

/** Names of the hosts that a shard runs on. */
export interface HostPlan {
  readonly write: string;
  readonly build: string;
  /** Threads of the build host that may help it. */
  readonly buildHelpers: number;
  readonly search: readonly string[];
}

export interface ShardOptions {
  readonly system: ActorSystem;
  readonly hosts: HostDirectory;
  readonly plan: HostPlan;
  readonly settings: CollectionSettings;
  readonly shard: number;
  /** The shard's own. */
  readonly directory: string;
  readonly versions: HybridClock;
  readonly disk: Disk;
  /** The thread of the caller, where it may answer short searches. */
  readonly caller: CallerThread | undefined;
  /** When an index by another metric is worth it. */
  readonly demand: DemandLimits;
  readonly watches: () => readonly WatchSpec[];
  /** Whether other nodes may ask it; until then it is filled. */
  readonly isShown: () => boolean;
  readonly onLifecycle: (event: LifecycleEvent) => void;
  /** Why the shard is not served here any more, if so: dropped, moved, or the node is stopping. */
  readonly whyClosed: () => DvespError | undefined;
}

/** Idle indexes are looked for so often within the time after which they are dropped. */
const looksPerIdle = 24;

const modules = {
  replica: new URL("../replica/actor.js", import.meta.url).href,
  payload: new URL("../payload-builder/actor.js", import.meta.url).href,
  searcher: new URL("../searcher/actor.js", import.meta.url).href,
};

export interface ShardTree {
  readonly shard: Shard;
  readonly supervisor: Supervisor;
  /** Call once after the tree has started. Errors: why the shard cannot be served. */
  readonly ready: () => Promise<void>;
}

/** The tree, not started yet: start it with `supervisor.asChild()` under a supervisor. */
export function shardTree(options: ShardOptions): ShardTree {
  const { system, hosts, settings, onLifecycle } = options;
  const places = placesOf(options);
  const shard: Shard = makeShard(options, places, {
    ended: () => ended(options, supervisor, places),
    shard: () => shard,
    supervisor: () => supervisor,
  });
  const builders = makeBuilders(options, places, shard, () => supervisor);
  const indexes = new MetricIndexes({
    shard,
    builders,
    demand: new MetricDemand(options.demand),
    clock: system.clock,
    emit: (type, details) => system.emit(type, details),
    lookMs: options.demand.idleMs / looksPerIdle,
  });
  const supervisor: Supervisor = new Supervisor({
    name: `supervisor/${settings.collection}/${options.shard}`,
    system,
    hosts,
    children: childSpecs(options, places, { shard, builders, indexes }),
  });
  supervisor.lifecycle$.subscribe((event) => {
    const searcher = event.type === "child_started" ? searcherOf(places, event.child) : undefined;
    if (searcher !== undefined) void shard.searcherStarted(searcher);
    onLifecycle(event);
  });
  const ready = async (): Promise<void> => {
    await shard.ready();
    await indexes.restore();
  };
  return { shard, supervisor, ready };
}

interface Places {
  readonly shard: Address;
  readonly exchange: Address;
  readonly replica: Address;
  readonly builder: Address;
  readonly payload: Address;
  readonly searchers: readonly Address[];
  /** On the thread of the caller. */
  readonly caller: Address;
}

function searcherOf({ searchers, caller }: Places, child: string): SearcherPlace | undefined {
  if (child === caller.name) return "caller";
  const index = searchers.findIndex(({ name }) => name === child);
  return index < 0 ? undefined : index;
}

function placesOf({ system, settings, shard, plan }: ShardOptions): Places {
  const name = `${settings.collection}/${shard}`;
  return {
    shard: { host: system.host, name: shardName(settings.collection, shard) },
    exchange: { host: system.host, name: `exchange/${name}` },
    replica: { host: plan.write, name: `replica/${name}` },
    builder: { host: plan.build, name: `builder/${name}` },
    payload: { host: plan.build, name: `payload/${name}` },
    searchers: plan.search.map((host, index) => ({ host, name: `searcher/${name}/${index}` })),
    caller: { host: system.host, name: `searcher/${name}/caller` },
  };
}

interface Late {
  readonly ended: () => DvespError | undefined;
  readonly shard: () => Shard;
  readonly supervisor: () => Supervisor;
}

function makeShard(options: ShardOptions, places: Places, { ended, ...late }: Late): Shard {
  const { system, settings, shard: id, versions, watches, caller: thread } = options;
  const { clock } = system;
  const refs = places.searchers.map((address) => system.ref(address));
  const searchers = new WorkerPool({ clock, refs, ended });
  const { searcher: module } = modules;
  const args = searcherArgs(options, places);
  const own = { system, settings, address: places.caller, module, args, workers: searchers };
  return new Shard({
    settings,
    id,
    clock,
    versions,
    replica: system.ref(places.replica),
    builder: system.ref(places.builder),
    searchers,
    caller: thread && callerDesk({ ...own, ...late, thread }),
    watches,
    ended,
    rows: SharedRows.create({ dimension: settings.dimension }).share(),
    changes: ChangeLog.create().buffer,
  });
}

function searcherArgs(
  { settings, shard, directory }: ShardOptions,
  { exchange }: Places,
): Omit<SearcherArgs, "slot"> {
  return { settings, shard, directory, owner: exchange };
}

function makeBuilders(
  { settings, shard: number, directory, disk, system, plan }: ShardOptions,
  places: Places,
  shard: Shard,
  supervisor: () => Supervisor,
): IndexBuilders {
  return new IndexBuilders({
    settings,
    shard: number,
    directory,
    disk,
    system,
    supervisor,
    own: places.builder,
    owner: places.exchange,
    helpers: plan.buildHelpers,
    attachments: () => shard.shared,
  });
}

interface Parts {
  readonly shard: Shard;
  readonly builders: IndexBuilders;
  readonly indexes: MetricIndexes;
}

function childSpecs(
  options: ShardOptions,
  places: Places,
  { shard, builders, indexes }: Parts,
): ChildSpec[] {
  const { settings, shard: number, directory, isShown } = options;
  const of = { collection: settings.collection, shard: number };
  const replica = (): ReplicaArgs => ({
    ...of,
    watches: shard.watches,
    directory,
    dimension: settings.dimension,
    distance_metric: settings.distance_metric,
    owner: places.exchange,
    payloadBuilder: places.payload,
    indexBuilders: shard.indexBuilders,
  });
  const payload: PayloadBuilderArgs = {
    ...of,
    directory,
    dimension: settings.dimension,
    owner: places.exchange,
  };
  return [
    { name: places.shard.name, start: { definition: shardActor(shard, isShown) } },
    { name: places.exchange.name, start: { definition: exchangeActor(shard, indexes) } },
    onHost(places.replica, modules.replica, replica, () => shard.sharedWithReplica),
    builders.spec(settings.distance_metric),
    onHost(places.payload, modules.payload, payload, () => shard.sharedWithPayloadBuilder),
    ...places.searchers.map((address, index) => {
      const slot = rowSlots.firstSearcher + index;
      const searcher: SearcherArgs = { ...searcherArgs(options, places), slot };
      return onHost(address, modules.searcher, searcher, () => shard.sharedWithSearcher(index));
    }),
  ];
}

/** Why the shard's replica will not come back, if so. */
function ended(
  { whyClosed }: ShardOptions,
  supervisor: Supervisor,
  { replica }: Places,
): DvespError | undefined {
  const closed = whyClosed();
  if (closed) return closed;
  const child = supervisor.children().find(({ name }) => name === replica.name);
  if (child && child.phase !== "ended") return undefined;
  return new DvespError("NOT_ENOUGH_REPLICAS", "the replica of this node has given up");
}

/** Where the files of a shard are. */
export function shardDirectory(collectionDirectory: string, shard: number): string {
  return join(collectionDirectory, `shard-${shard}`);
}
