/**
 * One machine of a simulation: a clock and a disk that outlast the node which runs on it, and that node,
 * life after life.
 */
import type { Network, Random } from "../../src/base/index.js";
import { EmbeddedStore } from "../../src/node/embedded-store.js";
import type { NodeEnvironment } from "../../src/node/environment.js";
import { Node } from "../../src/node/node.js";
import type { VectorStore } from "../../src/protocol/index.js";
import { LocalHosts } from "../../src/runtime/index.js";
import type { HostLife, Loader } from "../../src/runtime/index.js";
import type { MemoryStorage } from "../../src/storage/index.js";
import type { Endpoint } from "./client.js";
import type { DriftingClock } from "./drifting-clock.js";
import { LifeClock } from "./life-clock.js";
import { MortalStorage } from "./mortal-storage.js";

export interface MachineParts {
  readonly name: string;
  readonly clock: DriftingClock;
  readonly random: Random;
  readonly network: Network;
  readonly load: Loader;
  readonly storage: MemoryStorage;
}

/** One life of a node. */
export interface NodeLife {
  readonly clock: LifeClock;
  readonly node: Node;
  readonly store: VectorStore;
}

const path = "/data";

export class Machine {
  readonly #parts: MachineParts;
  storage: MemoryStorage;
  /** Whether a fault that is not mended yet has it. */
  isTroubled = false;
  #life: NodeLife | undefined;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.storage = parts.storage;
  }

  get name(): string {
    return this.#parts.name;
  }

  /** The node that runs; undefined while there is none. */
  get life(): NodeLife | undefined {
    return this.#life;
  }

  /** Starts a node on what is on the disk. */
  async start(): Promise<NodeLife> {
    const { clock: machineClock, random, network, load } = this.#parts;
    const clock = new LifeClock(machineClock);
    const { storage } = this;
    const environment: NodeEnvironment = {
      ...{ clock, random, storage, network, load },
      makeHosts: (options) =>
        new LocalHosts({ ...options, load, beginLife: () => beginLife(clock, random, storage) }),
    };
    const options = { path, threads: 1, build_threads: 1, test_hooks: true };
    const node = await Node.open(options, undefined, environment);
    const store = new EmbeddedStore({
      registry: node.registry,
      random,
      close: () => node.close(),
    });
    this.#life = { clock, node, store };
    return this.#life;
  }

  jumpClock(ms: number): void {
    this.#parts.clock.jump(ms);
  }

  /** The power fails: what was not synced is lost, or torn. */
  crash(): void {
    this.#life?.clock.end();
    this.#life = undefined;
    this.storage = this.storage.crash(this.#parts.random);
  }
}

export function endpointOf(machine: Machine): Endpoint {
  return {
    name: machine.name,
    store: () => machine.life?.store,
    whenRunning: (action) => void machine.life?.clock.after(0, action),
  };
}

function beginLife(clock: LifeClock, random: Random, storage: MemoryStorage): HostLife {
  const own = new LifeClock(clock);
  const mortal = new MortalStorage(storage);
  const end = (): void => {
    own.end();
    mortal.end();
  };
  return { clock: own, random, storage: mortal, end };
}
