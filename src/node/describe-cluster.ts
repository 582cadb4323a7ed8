/**
 * `/v1/cluster`: the nodes, and every shard's replicas, as this node sees them. Replicas say themselves
 * what they hold; one that does not at once is shown as `down`, and nobody waits for it.
 */
import type {
  RecoveryState,
  ReplicaAccess,
  ShardAccess,
  ShardRepairStatus,
  ShardStatus,
} from "../actors/index.js";
import type { ClusterView, ShardPlaces } from "../cluster/index.js";
import { versionTime } from "../consistency/index.js";
import type { ClusterDescription, ClusterNode, ReplicaDescription } from "../protocol/index.js";
import type { ActorSystem } from "../runtime/index.js";
import type { CollectionRegistry } from "./collection-registry.js";
import { nodeActorName } from "./node-actor.js";
import type { NodeMessage, NodeSelf } from "./node-actor.js";

export interface DescribedNode {
  readonly system: ActorSystem;
  readonly view: ClusterView;
  readonly registry: CollectionRegistry;
}

const answerMs = 250;

type ShardDescription = ClusterDescription["collections"][number]["shards"][number];

/** What nodes say of themselves, by id; each is asked once. */
type Selves = ReadonlyMap<string, NodeSelf | undefined>;

/** `address`: where clients reach this node. */
export async function describeCluster(
  node: DescribedNode,
  address: string,
): Promise<ClusterDescription> {
  const { view, registry } = node;
  const nodes = view.nodes();
  const asked = Promise.all(nodes.map(async ({ id }) => [id, await askSelf(node, id)] as const));
  const selves = asked.then((all): Selves => new Map(all));
  const collections = registry.list().map(async (one) => {
    const { collection } = one.settings;
    const shards = one.shards().map((shard) => describeShard(shard, collection, selves));
    return { collection, shards: await Promise.all(shards) };
  });
  const known = await selves;
  return {
    nodes: nodes.map((one): ClusterNode => {
      const disk = known.get(one.id)?.disk;
      return { ...one, ...(one.id === view.self && { address }), ...(disk && { disk }) };
    }),
    collections: await Promise.all(collections),
  };
}

/** Undefined when it is not alive, or says nothing. */
async function askSelf(
  { system, view }: DescribedNode,
  node: string,
): Promise<NodeSelf | undefined> {
  if (!view.isAlive(node)) return undefined;
  const ref = system.ref<NodeMessage>({ host: view.hubOf(node), name: nodeActorName });
  const end = await ref.ask<NodeSelf>({ type: "self" }, { timeout_ms: answerMs });
  return end.outcome === "ok" ? end.value : undefined;
}

interface Heard {
  readonly status: ShardStatus | undefined;
  readonly repair: ShardRepairStatus | undefined;
}

async function describeShard(
  { shard, replicas }: ShardAccess,
  collection: string,
  asked: Promise<Selves>,
): Promise<ShardDescription> {
  const statuses = await Promise.all(replicas.map(statusOf));
  const selves = await asked;
  const heard = replicas.map(({ place }, index): Heard => {
    const repairs = selves.get(place.node)?.repairs ?? [];
    const own = repairs.find((one) => one.collection === collection && one.shard === shard.id);
    return { status: statuses[index], repair: own?.status };
  });
  const newest = newestOf(heard);
  const described = replicas.map(({ place }, index) =>
    describeReplica(place, heard[index] as Heard, heard, newest),
  );
  const split = describeSplit(shard, collection, selves);
  return { id: shard.id, rows: newest?.rows ?? 0, ...(split && { split }), replicas: described };
}

/** How far it is on all nodes together. */
function describeSplit(
  { id, split }: ShardPlaces,
  collection: string,
  selves: Selves,
): ShardDescription["split"] {
  if (!split) return undefined;
  const filled = [...selves.values()]
    .flatMap((self) => self?.splits ?? [])
    .filter((one) => one.collection === collection && one.shard === id);
  const rows_copied = filled.reduce((sum, one) => sum + one.rows_copied, 0);
  return { into: [...split.into], phase: split.phase, rows_copied };
}

async function statusOf(replica: ReplicaAccess): Promise<ShardStatus | undefined> {
  if (!replica.isAlive()) return undefined;
  const end = await replica.status(answerMs);
  return end.outcome === "ok" ? end.value : undefined;
}

function newestOf(heard: readonly Heard[]): ShardStatus | undefined {
  const found = heard.flatMap(({ status }) => status ?? []);
  return found.reduce<ShardStatus | undefined>(
    (best, one) => (best && best.applied_version >= one.applied_version ? best : one),
    undefined,
  );
}

function describeReplica(
  { node, state }: ReplicaAccess["place"],
  { status, repair }: Heard,
  all: readonly Heard[],
  newest: ShardStatus | undefined,
): ReplicaDescription {
  const known = all.flatMap((one) => one.repair?.lag_ms[node] ?? []);
  const lagMs = known.length > 0 ? Math.max(...known) : lagBehind(newest, status);
  return {
    node,
    state: status ? state : "down",
    merkle_root: status?.root ?? "",
    lag_ms: Math.round(lagMs),
    ...(repair?.progress && { repair: { ...repair.progress } }),
    ...(repair?.recovery && recoveryOf(repair.recovery)),
  };
}

function recoveryOf({ read, needed, lostWith }: RecoveryState) {
  const progress = { filled_from: read, to_fill: needed };
  return lostWith.length === 0 ? progress : { ...progress, lost_with: [...lostWith] };
}

/** From the newest writes that two replicas have: what is known before they were compared. */
function lagBehind(newest: ShardStatus | undefined, status: ShardStatus | undefined): number {
  if (!newest || !status || newest.root === status.root) return 0;
  if (status.applied_version === "") return 0;
  return Math.max(0, versionTime(newest.applied_version) - versionTime(status.applied_version));
}
