/**
 * The process above the nodes, as far as they can tell: it keeps the cluster store and the list of nodes, dies and
 * comes back. Unlike the real one it may be away while nodes run, as a store on another host may.
 */
import type { Clock, MemoryNetwork, Random } from "../../src/base/index.js";
import { randomUuid } from "../../src/base/index.js";
import {
  LocalClusterStore,
  Peers,
  clusterIdKey,
  clusterStoreActor,
  collectionPrefix,
  storeActorName,
} from "../../src/cluster/index.js";
import type { CollectionMap, StoreChange } from "../../src/cluster/index.js";
import { DrainedNodes } from "../../src/processes/drained-nodes.js";
import { NodeList } from "../../src/processes/node-list.js";
import { parentNode } from "../../src/processes/node-plan.js";
import type { NodePlan } from "../../src/processes/node-plan.js";
import { parentActor, parentActorName } from "../../src/processes/parent-actor.js";
import { ActorSystem } from "../../src/runtime/index.js";
import type { Loader } from "../../src/runtime/index.js";
import { MemoryStorage } from "../../src/storage/index.js";
import { Life } from "./life.js";

export interface SimParentParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly load: Loader;
  readonly secret: string;
  /** Nodes at the first start. */
  readonly nodes: number;
  /** Told which nodes there are to be, whenever that has changed, and after each start. */
  readonly onNodes: (plans: readonly NodePlan[]) => void;
  readonly onMap: (map: CollectionMap) => void;
}

export const parentAddress = "parent:1";
const directory = "/cluster";
const planOptions = { data: "/", sockets: "/sockets", host: "127.0.0.1", port: 0 };

export class SimParent {
  readonly name = parentNode;
  readonly #parts: SimParentParts;
  #storage = new MemoryStorage();
  #life: Life | undefined;
  #hasStarted = false;

  constructor(parts: SimParentParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  async start(): Promise<void> {
    const { secret, nodes } = this.#parts;
    const life = new Life({ ...this.#parts, name: parentNode, storage: this.#storage });
    const { clock, random, storage, network, load } = life.environment;
    const { disk } = storage;
    await disk.makeDirectory(directory);
    const path = `${directory}/store.json`;
    const store = await LocalClusterStore.open({ disk, path, clock, random });
    const system = new ActorSystem({ host: `${parentNode}/main`, clock, random, storage, load });
    const list = new NodeList(store, planOptions);
    await system.spawnLocal({ name: storeActorName }, clusterStoreActor(store));
    await system.spawnLocal({ name: parentActorName }, this.#actor(list));
    const peers = new Peers({ node: parentNode, secret, system, network, clock, random });
    await peers.listen(parentAddress);
    if (!(await store.get(clusterIdKey))) await store.put(clusterIdKey, randomUuid(random));
    for (let node = 0; node < nodes && !this.#hasStarted; node++) await list.add();
    this.#hasStarted = true;
    this.#life = life;
    await this.#tell(list);
    new DrainedNodes(store, clock, (node) => void this.#remove(list, node)).watch();
    store.watch(collectionPrefix, (change) => this.#mapChanged(change));
  }

  /** Its machine loses power. */
  cutPower(): void {
    this.#life?.end();
    this.#life = undefined;
    this.#storage = this.#storage.crash(this.#parts.random);
  }

  #actor(list: NodeList): ReturnType<typeof parentActor> {
    return parentActor({
      addNode: async () => {
        const plan = await list.add();
        await this.#tell(list);
        return plan;
      },
    });
  }

  async #remove(list: NodeList, node: string): Promise<void> {
    await list.remove(node);
    await this.#tell(list);
  }

  async #tell(list: NodeList): Promise<void> {
    this.#parts.onNodes(await list.load());
  }

  #mapChanged(change: StoreChange): void {
    if (change.type === "put") this.#parts.onMap(change.entry.value as CollectionMap);
  }
}
