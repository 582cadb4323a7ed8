/**
 * Three node processes under a parent in this process, joined through links that can be cut, for
 * benchmarks and tests that break things. The nodes are those of `dvesp serve --nodes 3`, but for where they say
 * that others reach them.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SystemDisk, SystemNetwork, systemClock, systemRandom } from "../dist/base/index.js";
import { Parent, keepSecret, launchProcess, nodeDirectory } from "../dist/processes/index.js";
import type { NodePlan, ProcessCommand } from "../dist/processes/index.js";
import { until } from "./cluster-process.js";
import { LinkProxy } from "./link-proxy.js";
import type { LinkState } from "./link-proxy.js";
import { SmallDisk } from "./small-disk.js";

export interface FaultyNode {
  readonly id: string;
  readonly address: string;
  readonly pid: number;
}

interface Description {
  readonly nodes: readonly (FaultyNode & { readonly state: string })[];
  readonly collections: readonly {
    readonly shards: readonly {
      readonly replicas: readonly { readonly state: string; readonly merkle_root: string }[];
    }[];
  }[];
}

const bin = fileURLToPath(new URL("bin/dvesp", import.meta.resolve("dvesp/package.json")));
const readyMsMax = 30_000;

/** What stands in the place of what a node would have otherwise, by node. */
interface Replaceable {
  readonly proxies: ReadonlyMap<string, LinkProxy>;
  readonly disks: ReadonlyMap<string, SmallDisk>;
}

export class FaultyCluster {
  readonly #parent: Parent;
  readonly #data: string;
  readonly #proxies: ReadonlyMap<string, LinkProxy>;
  readonly #disks: ReadonlyMap<string, SmallDisk>;

  private constructor(parent: Parent, data: string, parts: Replaceable) {
    this.#parent = parent;
    this.#data = data;
    this.#proxies = parts.proxies;
    this.#disks = parts.disks;
  }

  /** Ports: from `port` on, which the nodes keep when they are started anew. */
  static async start(nodes: number, port: number): Promise<FaultyCluster> {
    const data = mkdtempSync(join(tmpdir(), "dvesp-faults-"));
    const disks = smallDisks(data, nodes);
    leaveNothingBehind(data, disks);
    const sockets = join(data, "s");
    mkdirSync(sockets);
    const secretFile = join(data, "secret");
    const secret = await keepSecret(secretFile, systemRandom);
    const ids = Array.from({ length: nodes }, (_, index) => `n${index + 1}`);
    const path = (id: string): string => join(sockets, `${id}.sock`);
    const front = (id: string): string => join(sockets, `${id}.front`);
    const proxies = new Map(ids.map((id) => [id, LinkProxy.listen(front(id), path(id))]));
    const parent = await Parent.start({
      ...{ data, sockets, secret, nodes, host: "127.0.0.1", port },
      command: (plan, { address }) =>
        nodeCommand(plan, address, { secretFile, advertise: `unix:${front(plan.node)}` }),
      launch: launchProcess,
      disk: new SystemDisk(),
      network: new SystemNetwork(),
      clock: systemClock,
      random: systemRandom,
      onEvent: () => undefined,
      onLine: (node, stream, line) => {
        if (stream === "stderr") process.stderr.write(`[${node}] ${line}\n`);
      },
    });
    const cluster = new FaultyCluster(parent, data, { proxies, disks });
    await parent.settled();
    await cluster.healthy();
    return cluster;
  }

  /** Of all nodes, whether they serve or not. */
  get names(): readonly string[] {
    return [...this.#proxies.keys()];
  }

  nodes(): readonly FaultyNode[] {
    return this.#parent.nodes().flatMap((one) => {
      if (one.state !== "serving") return [];
      const { client_address: address, pid } = one.member;
      return { id: one.node, address, pid };
    });
  }

  /** The link between two nodes, in whichever direction it was dialled. */
  setLink(one: string, other: string, state: LinkState): void {
    this.#proxies.get(one)?.set(other, state);
    this.#proxies.get(other)?.set(one, state);
  }

  /** The disk of a node; undefined where none could be mounted. */
  diskOf(node: string): SmallDisk | undefined {
    return this.#disks.get(node);
  }

  /** Until all nodes are alive for each other, know so many shards, and all replicas have the same data. */
  healthy({ limitMs = readyMsMax, shards = 0 } = {}): Promise<void> {
    return until("all nodes are alive, and alike", limitMs, async () => {
      const nodes = this.nodes();
      if (nodes.length < this.#proxies.size) return false;
      const seen = await Promise.all(nodes.map((one) => describe(one.address)));
      return seen.every((one) => isHealthy(one, shards));
    });
  }

  /** What each node that serves says of the cluster. */
  views(): Promise<readonly unknown[]> {
    return Promise.all(this.nodes().map(({ address }) => describe(address).catch(String)));
  }

  async stop(): Promise<void> {
    await this.#parent.close();
    for (const proxy of this.#proxies.values()) proxy.close();
    for (const disk of this.#disks.values()) disk.unmount();
    rmSync(this.#data, { recursive: true, force: true });
  }
}

/** One for each node, or none where they cannot be mounted, which is said. */
function smallDisks(data: string, nodes: number): Map<string, SmallDisk> {
  const disks = new Map<string, SmallDisk>();
  try {
    for (let number = 1; number <= nodes; number++) {
      disks.set(`n${number}`, SmallDisk.mount(nodeDirectory(data, number)));
    }
  } catch (error) {
    process.stderr.write(`disks cannot be filled: ${String(error)}\n`);
  }
  return disks;
}

/** However this process is asked to end: its nodes end with it by themselves. */
function leaveNothingBehind(data: string, disks: ReadonlyMap<string, SmallDisk>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      for (const disk of disks.values()) disk.unmount();
      rmSync(data, { recursive: true, force: true });
      process.exit(1);
    });
  }
}

async function describe(address: string): Promise<Description> {
  const signal = AbortSignal.timeout(2000);
  const answer = await fetch(`http://${address}/v1/cluster`, { signal });
  return (await answer.json()) as Description;
}

function isHealthy({ nodes, collections }: Description, shardsMin: number): boolean {
  const shards = collections.flatMap((one) => one.shards);
  return (
    shards.length >= shardsMin &&
    nodes.every(({ state }) => state === "alive") &&
    shards.every(({ replicas }) => {
      const roots = new Set(replicas.map((one) => one.merkle_root));
      return roots.size === 1 && replicas.every(({ state }) => state === "active");
    })
  );
}

function nodeCommand(
  plan: NodePlan,
  parent: string,
  own: { readonly secretFile: string; readonly advertise: string },
): ProcessCommand {
  const given = {
    "node-id": plan.node,
    listen: plan.listen,
    advertise: own.advertise,
    parent,
    "secret-file": own.secretFile,
    data: plan.directory,
    host: plan.host,
    port: `${plan.port}`,
    threads: "1",
    "build-threads": "1",
    "log-level": "error",
  };
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
  return { file: process.execPath, args: [bin, "serve", ...args], env: process.env };
}
