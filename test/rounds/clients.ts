/** A client for each node, which knows no other one, and one that knows them all, the last. */
import type { FaultyCluster } from "../../bench/faulty-cluster.js";
import { connect } from "../../src/client/index.js";
import type { VectorStore } from "../../src/protocol/index.js";

export interface Client {
  readonly name: string;
  readonly store: VectorStore;
}

/** For making collections; operations of the workload say how long they may take. */
const setUpMsMax = 30_000;

/** Nodes keep their addresses when they are started anew. */
export function connectAll(cluster: FaultyCluster): Client[] {
  const nodes = cluster.nodes();
  const each = nodes.map(({ id, address }) => ({
    name: id,
    store: connect({ nodes: [address] }),
  }));
  const all = connect({ nodes: nodes.map(({ address }) => address), timeout_ms: setUpMsMax });
  return [...each, { name: "any", store: all }];
}
