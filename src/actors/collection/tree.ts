/**
 * A collection on one node, as a supervision tree:
 *
 *   supervisor/<collection>               main thread
 *   ├── collection/<collection>           main thread: the operations, as messages
 *   └── supervisor/<collection>/<shard>   for each shard with a replica here: see shard/tree.ts
 *
 * Every node has the first two, whatever it holds: each answers for the whole collection.
 */
import type { Disk, DvespError } from "../../base/index.js";
import type { ClusterView, CollectionMap } from "../../cluster/index.js";
import type { HybridClock } from "../../consistency/index.js";
import type { ActorRef, ActorSystem } from "../../runtime/index.js";
import { Supervisor } from "../../supervisors/index.js";
import type { HostDirectory, LifecycleEvent } from "../../supervisors/index.js";
import type { ReadCodec } from "../reads/read-coordinator.js";
import type { StaleRows } from "../reads/read-parts.js";
import type { CollectionAccess } from "../replicas/access.js";
import type { Hints } from "../writes/hints.js";
import { MappedCollection } from "../replicas/mapped-collection.js";
import type { DemandLimits } from "../shard/metric-demand.js";
import type { CallerThread } from "../caller/caller-desk.js";
import { shardDirectory, shardTree } from "../shard/tree.js";
import type { HostPlan } from "../shard/tree.js";
import { collectionActor } from "./actor.js";
import type { CollectionMessage } from "./actor.js";
import { Collection } from "./collection.js";
import { LocalShards } from "./local-shards.js";

export interface TreeOptions {
  readonly system: ActorSystem;
  readonly hosts: HostDirectory;
  readonly view: ClusterView;
  /** As it stands when the tree is made. */
  readonly map: CollectionMap;
  /** Where a shard runs. */
  readonly plan: (shard: number) => HostPlan;
  /** The collection's own. */
  readonly directory: string;
  readonly versions: HybridClock;
  readonly disk: Disk;
  /** The thread of the caller, where it may answer short searches. */
  readonly caller: CallerThread | undefined;
  /** When an index by another metric is worth it. */
  readonly demand: DemandLimits;
  readonly codec: ReadCodec;
  /** Told of rows that reads found to be stale on a replica. */
  readonly repair: (stale: StaleRows) => void;
  /** Where writes leave what a replica did not confirm. */
  readonly hints: Hints;
  readonly onLifecycle: (event: LifecycleEvent) => void;
  /** Why the collection is not served any more, if so: dropped, or the node is stopping. */
  readonly whyClosed: () => DvespError | undefined;
}

export interface CollectionTree {
  readonly collection: Collection;
  readonly access: CollectionAccess;
  /** Shards of which this node has a replica. */
  readonly shards: LocalShards;
  readonly supervisor: Supervisor;
  readonly ref: ActorRef<CollectionMessage>;
}

/** The tree, not started yet: start it with `supervisor.asChild()` under a supervisor, then open shards. */
export function collectionTree(options: TreeOptions): CollectionTree {
  const { system, hosts, view, whyClosed } = options;
  const { clock, random } = system;
  const { settings, uid } = options.map;
  const shards: LocalShards = localShards(
    options,
    () => collection.watches,
    () => supervisor,
  );
  const access = new MappedCollection({ system, view, settings, uid, local: shards, whyClosed });
  const collection = new Collection({ ...options, access, local: shards, clock, random });
  const name = `collection/${settings.collection}`;
  const supervisor: Supervisor = new Supervisor({
    name: `supervisor/${settings.collection}`,
    system,
    hosts,
    children: [{ name, start: { definition: collectionActor(collection, clock, random) } }],
  });
  supervisor.lifecycle$.subscribe(options.onLifecycle);
  return { collection, access, shards, supervisor, ref: system.ref({ host: system.host, name }) };
}

function localShards(
  { directory, map, plan, ...options }: TreeOptions,
  watches: () => Collection["watches"],
  supervisor: () => Supervisor,
): LocalShards {
  const shards: LocalShards = new LocalShards({
    supervisor,
    whyClosed: options.whyClosed,
    onShown: async (shard) => {
      await Promise.all(watches().map((watch) => shard.watch(watch)));
    },
    makeTree: (shard, whyClosed) =>
      shardTree({
        ...options,
        settings: map.settings,
        shard,
        plan: plan(shard),
        directory: shardDirectory(directory, shard),
        watches: () => (shards.isHidden(shard) ? [] : watches()),
        isShown: () => !shards.isHidden(shard),
        whyClosed,
      }),
  });
  return shards;
}
