/** The process above the nodes, as far as they can tell: it keeps the cluster store, dies and comes back. */
import type { Clock, MemoryNetwork, Random } from "../../src/base/index.js";
import { randomUuid } from "../../src/base/index.js";
import {
  LocalClusterStore,
  Peers,
  clusterIdKey,
  clusterStoreActor,
  storeActorName,
} from "../../src/cluster/index.js";
import { parentNode } from "../../src/processes/node-plan.js";
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
}

export const parentAddress = "parent:1";
const directory = "/cluster";

export class SimParent {
  readonly name = parentNode;
  readonly #parts: SimParentParts;
  #storage = new MemoryStorage();
  #life: Life | undefined;

  constructor(parts: SimParentParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  async start(): Promise<void> {
    const life = new Life({ ...this.#parts, name: parentNode, storage: this.#storage });
    const { clock, random, storage, network, load } = life.environment;
    const { disk } = storage;
    await disk.makeDirectory(directory);
    const path = `${directory}/store.json`;
    const store = await LocalClusterStore.open({ disk, path, clock, random });
    const system = new ActorSystem({ host: `${parentNode}/main`, clock, random, storage, load });
    await system.spawnLocal({ name: storeActorName }, clusterStoreActor(store));
    const { secret } = this.#parts;
    const peers = new Peers({ node: parentNode, secret, system, network, clock, random });
    await peers.listen(parentAddress);
    if (!(await store.get(clusterIdKey))) await store.put(clusterIdKey, randomUuid(random));
    this.#life = life;
  }

  /** Its machine loses power. */
  cutPower(): void {
    this.#life?.end();
    this.#life = undefined;
    this.#storage = this.#storage.crash(this.#parts.random);
  }
}
