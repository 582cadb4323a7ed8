/** `dvesp nodes`: the nodes of a running cluster. */
import { connectCluster } from "../client/index.js";
import type { RemoteCluster } from "../client/index.js";
import { unreachable } from "../base/index.js";
import type { ClusterChange, ClusterDescription } from "../protocol/index.js";

export interface NodesOptions {
  readonly nodes: readonly string[];
  readonly apiKey?: string;
  readonly json?: boolean;
}

export type NodesChange =
  { readonly type: "add" } | { readonly type: "drain"; readonly node: string };

/** Prints each node with its address and state. Errors: those of the client. */
export async function listNodes(
  options: NodesOptions,
  output: NodeJS.WritableStream,
): Promise<void> {
  const cluster = await asked(options, (one) => one.describe_cluster());
  output.write(options.json === true ? `${JSON.stringify(cluster.nodes)}\n` : table(cluster));
}

/** Prints the node that comes or goes. Errors: those of the client. */
export async function changeNodes(
  options: NodesOptions,
  change: NodesChange,
  output: NodeJS.WritableStream,
): Promise<void> {
  const answer = await asked(options, (cluster) => perform(cluster, change));
  const text = change.type === "add" ? "is being started" : "is being taken out";
  output.write(options.json === true ? `${JSON.stringify(answer)}\n` : `${answer.node} ${text}\n`);
}

function perform(cluster: RemoteCluster, change: NodesChange): Promise<ClusterChange> {
  switch (change.type) {
    case "add":
      return cluster.add_node();
    case "drain":
      return cluster.drain_node({ node: change.node });
    default:
      return unreachable(change);
  }
}

async function asked<Answer>(
  { nodes, apiKey }: NodesOptions,
  question: (cluster: RemoteCluster) => Promise<Answer>,
): Promise<Answer> {
  const cluster = connectCluster({ nodes, api_key: apiKey });
  try {
    return await question(cluster);
  } finally {
    await cluster.close();
  }
}

function table({ nodes, collections }: ClusterDescription): string {
  const replicas = collections.flatMap(({ shards }) => shards.flatMap((one) => one.replicas));
  const lines = nodes.map(({ id, address, pid, state, disk }) => {
    const count = replicas.filter(({ node }) => node === id).length;
    const held = `${count} ${count === 1 ? "replica" : "replicas"}`;
    const full = disk?.full === true ? ", disk full" : "";
    return `${id.padEnd(8)}${address.padEnd(24)}${`pid ${pid}`.padEnd(14)}${state.padEnd(10)}${held}${full}\n`;
  });
  return lines.join("");
}
