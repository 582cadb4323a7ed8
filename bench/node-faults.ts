/** What can befall one node of a cluster, as failover is measured by: breaking it, and mending it again. */
import type { FaultyCluster, FaultyNode } from "./faulty-cluster.js";
import type { LinkState } from "./link-proxy.js";

export interface NodeFault {
  readonly name: string;
  /** Why it cannot be made here, if so. */
  readonly lacking?: (cluster: FaultyCluster) => string | undefined;
  /** Resolves when it is broken, to how to mend it. */
  readonly inject: (
    cluster: FaultyCluster,
    victim: FaultyNode,
    others: readonly FaultyNode[],
  ) => Promise<() => void> | (() => void);
}

export const nodeFaults: readonly NodeFault[] = [
  {
    name: "kill -9",
    inject: (_, { pid }) => {
      process.kill(pid, "SIGKILL");
      return () => undefined;
    },
  },
  {
    name: "SIGSTOP",
    inject: (_, { pid }) => {
      process.kill(pid, "SIGSTOP");
      return () => process.kill(pid, "SIGCONT");
    },
  },
  {
    name: "a cut link",
    inject: (cluster, victim, [other]) => breakLinks(cluster, victim, [other!], "cut"),
  },
  {
    name: "a node cut off",
    inject: (cluster, victim, others) => breakLinks(cluster, victim, others, "cut"),
  },
  {
    name: "a silent node",
    inject: (cluster, victim, others) => breakLinks(cluster, victim, others, "silent"),
  },
  {
    name: "a full disk",
    lacking: (cluster) =>
      cluster.nodes().every(({ id }) => cluster.diskOf(id)) ? undefined : "no small disks",
    inject: async (cluster, victim) => {
      const disk = cluster.diskOf(victim.id)!;
      await disk.fill();
      return () => disk.free();
    },
  },
];

/** A link that is silent is accepted, and nothing passes. */
function breakLinks(
  cluster: FaultyCluster,
  { id }: FaultyNode,
  others: readonly FaultyNode[],
  state: Exclude<LinkState, "open">,
): () => void {
  const set = (next: LinkState): void => {
    for (const other of others) cluster.setLink(id, other.id, next);
  };
  set(state);
  return () => set("open");
}
