/** A node as the HTTP layer sees it. */
import type { ShardAccess } from "../actors/index.js";
import type { ClusterDescription, NodeService, StoreEvent } from "../protocol/index.js";
import { EmbeddedStore } from "./embedded-store.js";
import { NodeEncodedStore } from "./encoded-store.js";
import type { NodeMetrics } from "./metrics.js";
import type { Node } from "./node.js";

/** A replica that does not answer in this time is shown as such, and nobody waits for it. */
const statusMs = 250;

export interface ServiceOptions {
  readonly node: Node;
  readonly metrics: NodeMetrics;
  /** Where clients reach the node. */
  readonly address: () => string;
}

export function nodeService({ node, metrics, address }: ServiceOptions): NodeService {
  const { registry, system } = node;
  const close = (): Promise<void> => Promise.resolve();
  return {
    store: new EmbeddedStore({ registry, random: system.random, close }),
    encoded: new NodeEncodedStore(registry, node.gateways),
    describe_cluster: () => describeCluster(node, address()),
    add_node: () => node.standing.addNode(),
    drain_node: (id) => node.standing.drainNode(id),
    on_event: (listener: (event: StoreEvent) => void) => node.events.listen(listener),
    unready_reason: () => node.unreadyReason(),
    metrics_text: () => metrics.text(),
  };
}

async function describeCluster(
  { view, registry }: Node,
  address: string,
): Promise<ClusterDescription> {
  return {
    nodes: view.nodes().map((one) => (one.id === view.self ? { ...one, address } : { ...one })),
    collections: await Promise.all(
      registry.list().map(async (one) => ({
        collection: one.settings.collection,
        shards: await Promise.all(one.shards().map(describeShard)),
      })),
    ),
  };
}

type ShardDescription = ClusterDescription["collections"][number]["shards"][number];

async function describeShard({ shard, replicas }: ShardAccess): Promise<ShardDescription> {
  const ends = await Promise.all(replicas.map((one) => one.status(statusMs)));
  const rows = ends.flatMap((end) => (end.outcome === "ok" ? [end.value.rows] : []));
  return {
    id: shard.id,
    rows: rows[0] ?? 0,
    replicas: replicas.map(({ place }, index) => {
      const end = ends[index];
      const status = end?.outcome === "ok" ? end.value : undefined;
      const state = status ? place.state : "down";
      return { node: place.node, state, merkle_root: status?.root ?? "", lag_ms: 0 };
    }),
  };
}
