/** A node as the HTTP layer sees it. */
import type { NodeService, StoreEvent } from "../protocol/index.js";
import { describeCluster } from "./describe-cluster.js";
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
    add_node: () => node.standing.addNode(),
    drain_node: (id) => node.standing.drainNode(id),
    on_event: (listener: (event: StoreEvent) => void) => node.events.listen(listener),
    unready_reason: () => node.unreadyReason(),
    metrics_text: () => metrics.text(),
  };
}
