/**
 * The process above the nodes of one host: it keeps the cluster store, starts a process per node,
 * watches them, starts anew those that end, and stops all in good order.
 *
 * Everything that must outlast it is on disk: the cluster store, the secret of the links, and the
 * directories of the nodes. When it ends in any way its nodes stop by themselves; the next start waits
 * for them (their directories are locked) and finds all as it was.
 */
import { join } from "node:path";
import { invalid, randomUuid, toDvespError } from "../base/index.js";
import type { Clock, Disk, Network, Random } from "../base/index.js";
import { LocalClusterStore, Membership, Peers } from "../cluster/index.js";
import { clusterIdKey, clusterStoreActor, storeActorName } from "../cluster/index.js";
import type { Member } from "../cluster/index.js";
import { ActorSystem, importLoader } from "../runtime/index.js";
import type { RuntimeEvent } from "../runtime/index.js";
import { Supervisor } from "../supervisors/index.js";
import type { ChildSpec } from "../supervisors/index.js";
import type { Launch, OutputStream, ProcessCommand } from "./child-process.js";
import { DrainedNodes } from "./drained-nodes.js";
import { NodeList } from "./node-list.js";
import { nodeProcessActor } from "./node-process.js";
import type { NodeFailure } from "./node-process.js";
import { nodeNumber, parentNode, socketAddress } from "./node-plan.js";
import type { NodePlan } from "./node-plan.js";
import { parentActor, parentActorName } from "./parent-actor.js";

export interface ParentOptions {
  /** The directory of all nodes, locked by the caller. */
  readonly data: string;
  readonly sockets: string;
  readonly secret: string;
  /** At least so many nodes run; those of an earlier start run in any case. */
  readonly nodes: number;
  readonly host: string;
  /** Of the first node; the others have those that follow. 0: any free one for each. */
  readonly port: number;
  readonly command: (plan: NodePlan, links: ParentLinks) => ProcessCommand;
  readonly launch: Launch;
  readonly disk: Disk;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: (event: RuntimeEvent) => void;
  readonly onLine: (node: string, stream: OutputStream, line: string) => void;
  /** From the request to stop until a node process is killed; default 60,000. */
  readonly stopMs?: number;
}

/** How a node reaches its parent. */
export interface ParentLinks {
  readonly address: string;
}

/** `starting`: also while it is started anew. */
export type NodeStatus =
  | { readonly node: string; readonly state: "starting" }
  | { readonly node: string; readonly state: "serving"; readonly member: Member }
  | { readonly node: string; readonly state: "failed"; readonly failure: NodeFailure };

const stopMsDefault = 60_000;
/** What its supervisor allows a node on top of that. */
const stopMarginMs = 5000;
/** Restarts never use up this budget, as the delays between them grow. */
const backoff = {
  minMs: 100,
  maxMs: 5000,
  resetMs: 10_000,
  budget: { restarts: 1000, withinMs: 60_000 },
};

export class Parent {
  readonly system: ActorSystem;
  readonly store: LocalClusterStore;
  readonly #options: ParentOptions;
  readonly #peers: Peers;
  readonly #membership: Membership;
  readonly #supervisor: Supervisor;
  readonly #list: NodeList;
  readonly #drained: DrainedNodes;
  readonly #address: string;
  readonly #nodes = new Map<string, NodePlan>();
  readonly #failures = new Map<string, NodeFailure>();
  readonly #waiting = new Set<() => void>();

  private constructor(options: ParentOptions, store: LocalClusterStore) {
    const { clock, random, network, secret, sockets, onEvent } = options;
    this.#options = options;
    this.store = store;
    this.#address = socketAddress(sockets, parentNode);
    const host = `${parentNode}/main`;
    this.system = new ActorSystem({ host, clock, random, load: importLoader, onEvent });
    this.#peers = new Peers({
      node: parentNode,
      secret,
      system: this.system,
      network,
      clock,
      random,
    });
    this.#membership = new Membership({ store, clock, onMembers: () => this.#review() });
    this.#supervisor = new Supervisor({
      name: "supervisor",
      system: this.system,
      onEscalate: (error) => this.system.emit("escalated", { error: error.toPlain() }),
    });
    this.#supervisor.lifecycle$.subscribe(({ type, ...rest }) => this.system.emit(type, rest));
    this.#list = new NodeList(store, options);
    this.#drained = new DrainedNodes(store, clock, (node) => void this.#remove(node));
  }

  /** Resolves when the node processes have been started. Errors: `DATA_CORRUPTED`, `CLOSED`. */
  static async start(options: ParentOptions): Promise<Parent> {
    const { disk, data, clock, random } = options;
    const directory = join(data, "cluster");
    await disk.makeDirectory(directory);
    const path = join(directory, "store.json");
    const store = await LocalClusterStore.open({ disk, path, clock, random });
    const parent = new Parent(options, store);
    try {
      await parent.#start();
      return parent;
    } catch (error) {
      await parent.close();
      throw error;
    }
  }

  /** All nodes, by number. */
  nodes(): readonly NodeStatus[] {
    const members = new Map(this.#membership.members().map((one) => [one.node, one]));
    return [...this.#nodes.keys()].map((node) => {
      const failure = this.#failures.get(node);
      if (failure) return { node, state: "failed", failure };
      const member = members.get(node);
      return member ? { node, state: "serving", member } : { node, state: "starting" };
    });
  }

  /** Resolves when every node serves or has failed for good. */
  async settled(): Promise<readonly NodeStatus[]> {
    while (this.nodes().some(({ state }) => state === "starting")) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    return this.nodes();
  }

  /** Starts one more node process; its name. It belongs to the cluster from then on. */
  async addNode(): Promise<NodePlan> {
    const plan = await this.#list.add();
    await this.#startNode(plan);
    return plan;
  }

  /** Stops a node for good: it does not belong to the cluster any more. Its files stay. */
  async removeNode(node: string): Promise<void> {
    nodeNumber(node);
    if (!this.#nodes.delete(node)) throw invalid(`there is no node ${node}`, "node");
    await this.#list.remove(node);
    this.#failures.delete(node);
    await this.#supervisor.stopChild(childName(node));
  }

  /** Stops all nodes at the same time, in good order, then the rest. */
  async close(): Promise<void> {
    this.#drained.stop();
    const names = [...this.#nodes.keys()].map(childName);
    await Promise.all(names.map((name) => this.#supervisor.stopChild(name).catch(() => undefined)));
    await this.#supervisor.stop(stopMarginMs);
    await this.#membership.leave();
    await this.#peers.close();
    await this.system.stopAll(stopMarginMs);
    this.system.closeLinks();
    await this.store.close();
  }

  async #start(): Promise<void> {
    await this.system.spawnLocal({ name: storeActorName }, clusterStoreActor(this.store));
    await this.system.spawnLocal({ name: parentActorName }, parentActor(this));
    await this.#peers.listen(this.#address);
    this.#membership.observe();
    await this.#supervisor.start();
    if (!(await this.store.get(clusterIdKey))) {
      await this.store.put(clusterIdKey, randomUuid(this.#options.random));
    }
    const plans = await this.#list.load();
    while (plans.length < this.#options.nodes) plans.push(await this.#list.add());
    for (const plan of plans) await this.#startNode(plan);
    this.#drained.watch();
  }

  async #remove(node: string): Promise<void> {
    try {
      await this.removeNode(node);
      this.system.emit("node_removed", { node });
    } catch (error) {
      this.system.emit("node_remove_failed", { node, error: toDvespError(error).toPlain() });
    }
  }

  async #startNode(plan: NodePlan): Promise<void> {
    this.#nodes.set(plan.node, plan);
    await this.#supervisor.startChild(this.#childSpec(plan));
  }

  #childSpec(plan: NodePlan): ChildSpec {
    const { launch, command, onLine, stopMs = stopMsDefault } = this.#options;
    const { node } = plan;
    const definition = nodeProcessActor({
      node,
      launch,
      command: () => command(plan, { address: this.#address }),
      onLine,
      onFailed: (failure) => this.#failed(failure),
      stopMs,
    });
    const shutdownMs = stopMs + stopMarginMs;
    return { name: childName(node), start: { definition }, shutdownMs, backoff };
  }

  #failed(failure: NodeFailure): void {
    this.#failures.set(failure.node, failure);
    this.system.emit("node_failed", { ...failure });
    void this.#supervisor.stopChild(childName(failure.node)).catch(() => undefined);
    this.#review();
  }

  #review(): void {
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }
}

function childName(node: string): string {
  return `node-process/${node}`;
}
