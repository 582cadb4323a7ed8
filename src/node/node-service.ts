/** A node as the HTTP layer sees it. */
import type { ClusterDescription, NodeService, StoreEvent } from "../protocol/index.js";
import { EmbeddedStore } from "./embedded-store.js";
import { NodeEncodedStore } from "./encoded-store.js";
import type { NodeMetrics } from "./metrics.js";
import type { Node } from "./node.js";

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
    on_event: (listener: (event: StoreEvent) => void) => node.events.listen(listener),
    unready_reason: () => node.unreadyReason(),
    metrics_text: () => metrics.text(),
  };
}

async function describeCluster(node: Node, address: string): Promise<ClusterDescription> {
  const collections = node.registry.list().map(async (collection) => {
    const { rows, root, state } = await collection.status().then(
      (status) => ({ ...status, state: "active" }),
      () => ({ rows: 0, root: "", state: "down" }),
    );
    const replica = { node: node.id, state, merkle_root: root, lag_ms: 0 };
    const shards = [{ id: 0, rows, replicas: [replica] }];
    return { collection: collection.settings.collection, shards };
  });
  return {
    nodes: [{ id: node.id, address, pid: process.pid, state: "alive" }],
    collections: await Promise.all(collections),
  };
}
