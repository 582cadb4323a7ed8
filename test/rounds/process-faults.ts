/**
 * What can befall node processes and the links between them: kill -9, SIGSTOP, full disks, links that are
 * cut or go silent, and nodes that lose all their links.
 */
import type { FaultyCluster, FaultyNode } from "../../bench/faulty-cluster.js";
import type { LinkState } from "../../bench/link-proxy.js";
import { randomBelow, sleep } from "../../src/base/index.js";
import type { Clock, Random } from "../../src/base/index.js";
import type { Fault, FaultKind } from "../sim/faults.js";

export interface ProcessFaultParts {
  readonly cluster: FaultyCluster;
  readonly clock: Clock;
  readonly random: Random;
  /** A node that was killed does not come back. */
  readonly onLost: (node: string) => void;
}

const returnMsMax = 60_000;
const lookMs = 50;

export function processFaults(parts: ProcessFaultParts): FaultKind[] {
  /** Nodes that are dead or stand still. */
  const troubled = new Set<string>();
  const onNode = (begin: (node: FaultyNode) => () => unknown) => (): Fault | undefined => {
    const healthy = parts.cluster.nodes().filter(({ id }) => !troubled.has(id));
    const node = healthy[randomBelow(parts.random, Math.max(1, healthy.length))];
    if (!node) return undefined;
    const mend = begin(node);
    troubled.add(node.id);
    return { where: node.id, mend: async () => (await mend(), troubled.delete(node.id)) };
  };
  const link = (state: LinkState) => () => oneLink(parts, state);
  const links = (state: LinkState) => () => allLinks(parts, state);
  return [
    { name: "kill", weight: 3, lastsMsMax: 10, begin: onNode((node) => kill(node, parts)) },
    { name: "stop", weight: 3, lastsMsMax: 4000, begin: onNode(stop) },
    { name: "cut_link", weight: 2, lastsMsMax: 4000, begin: link("cut") },
    { name: "silent_link", weight: 2, lastsMsMax: 4000, begin: link("silent") },
    { name: "cut_off", weight: 2, lastsMsMax: 4000, begin: links("cut") },
    { name: "full_disk", weight: 2, lastsMsMax: 4000, begin: () => fullDisk(parts) },
    { name: "silent_node", weight: 2, lastsMsMax: 4000, begin: links("silent") },
  ];
}

/** Mended once the parent has started it anew. */
function kill({ id, pid }: FaultyNode, { cluster, clock, onLost }: ProcessFaultParts) {
  process.kill(pid, "SIGKILL");
  return async (): Promise<void> => {
    const endMs = clock.monotonic() + returnMsMax;
    while (!cluster.nodes().some((one) => one.id === id && one.pid !== pid)) {
      if (clock.monotonic() > endMs) {
        onLost(id);
        return;
      }
      await sleep(clock, lookMs);
    }
  };
}

function stop({ pid }: FaultyNode): () => void {
  process.kill(pid, "SIGSTOP");
  return () => process.kill(pid, "SIGCONT");
}

/** Undefined where there is no disk that may be filled. */
function fullDisk({ cluster, random }: ProcessFaultParts): Fault | undefined {
  const node = cluster.names[randomBelow(random, cluster.names.length)] as string;
  const disk = cluster.diskOf(node);
  if (!disk) return undefined;
  const filled = disk.fill();
  return { where: node, mend: () => filled.then(() => disk.free()) };
}

function oneLink({ cluster, random }: ProcessFaultParts, state: LinkState): Fault {
  const names = [...cluster.names];
  const [one] = names.splice(randomBelow(random, names.length), 1) as [string];
  const other = names[randomBelow(random, names.length)] as string;
  cluster.setLink(one, other, state);
  return { where: `${one}-${other}`, mend: () => cluster.setLink(one, other, "open") };
}

function allLinks({ cluster, random }: ProcessFaultParts, state: LinkState): Fault {
  const { names } = cluster;
  const one = names[randomBelow(random, names.length)] as string;
  const set = (next: LinkState): void => {
    for (const other of names) if (other !== one) cluster.setLink(one, other, next);
  };
  set(state);
  return { where: one, mend: () => set("open") };
}
