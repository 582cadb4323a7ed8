/** The metrics of a node for as long as it runs: what happens is counted, the rest is asked for at each scrape. */
import type { CollectionDescription } from "../protocol/index.js";
import { NodeMetrics } from "./metrics.js";
import type { Node } from "./node.js";

export function observeNode(node: Node): NodeMetrics {
  const metrics = new NodeMetrics({
    collections: () => describeAll(node),
    disk: () => node.disk.description,
    nodes: () => node.view.nodes(),
  });
  node.events.events$.subscribe({
    next: (event) => metrics.observeEvent(event),
    complete: () => metrics.close(),
  });
  return metrics;
}

/** What can be had now: a collection whose replica is away is left out of the figures. */
async function describeAll(node: Node): Promise<CollectionDescription[]> {
  const described = await Promise.allSettled(node.registry.list().map((one) => one.describe()));
  return described.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}
