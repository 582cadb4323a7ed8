/**
 * How a node stands in its cluster: alone, or as one of several. The rest of the node does not tell
 * the difference.
 */
import { invalid } from "../base/index.js";
import type { ClusterView, CollectionMap } from "../cluster/index.js";
import type { ClusterChange } from "../protocol/index.js";

export interface Standing {
  readonly view: ClusterView;
  /** See `RegistryParts`. */
  claim(map: CollectionMap, shard: number, close: () => Promise<void>): Promise<void>;
  /** Nodes that may be given a replica. */
  places(): readonly string[];
  /** See `RegistryParts`. */
  settled(collection: string, uid: string | undefined): Promise<void>;
  /** Tells the others that this node is ready, and where clients reach it. */
  announce(clientAddress: string, pid: number): Promise<void>;
  /** See `NodeService`. */
  addNode(): Promise<ClusterChange>;
  /** See `NodeService`. */
  drainNode(node: string): Promise<ClusterChange>;
  /** From now on nobody counts on this node. */
  leave(): Promise<void>;
}

/** Of a node that is a cluster of its own. */
export function aloneWith(view: ClusterView): Standing {
  const refuse = (): Promise<never> =>
    Promise.reject(invalid("this node is alone: start it with --nodes for more than one"));
  return {
    view,
    claim: () => Promise.resolve(),
    places: () => [view.self],
    settled: () => Promise.resolve(),
    announce: () => Promise.resolve(),
    addNode: refuse,
    drainNode: refuse,
    leave: () => Promise.resolve(),
  };
}
