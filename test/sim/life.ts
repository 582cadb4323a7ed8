/**
 * One life of a process on a machine: what it has of the world, until it ends. Code that was under way then
 * goes on, but reaches nothing any more.
 */
import { repairLimits } from "../../src/actors/index.js";
import type { RepairLimits } from "../../src/actors/index.js";
import type { Clock, MemoryNetwork, Network, Random } from "../../src/base/index.js";
import type { NodeEnvironment } from "../../src/node/environment.js";
import { LocalHosts } from "../../src/runtime/index.js";
import type { HostLife, Loader } from "../../src/runtime/index.js";
import type { Storage } from "../../src/storage/index.js";
import { LifeClock } from "./life-clock.js";
import { MortalStorage } from "./mortal-storage.js";

export interface LifeParts {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly storage: Storage;
  readonly load: Loader;
  /** Default: those of a node. */
  readonly repair?: RepairLimits;
}

export class Life {
  readonly clock: LifeClock;
  readonly environment: NodeEnvironment;
  readonly #parts: LifeParts;
  readonly #storage: MortalStorage;
  #ended = false;

  constructor(parts: LifeParts) {
    const { random, load, repair = repairLimits } = parts;
    this.#parts = parts;
    this.clock = new LifeClock(parts.clock);
    this.#storage = new MortalStorage(parts.storage);
    this.environment = {
      ...{ clock: this.clock, random, load, storage: this.#storage, network: this.#network() },
      repair,
      makeHosts: (options) =>
        new LocalHosts({ ...options, load, beginLife: () => this.#beginHost() }),
    };
  }

  pause(): void {
    this.clock.pause();
    this.#parts.network.stop(this.#parts.name);
  }

  resume(): void {
    if (this.#ended) return;
    this.#parts.network.resume(this.#parts.name);
    this.clock.resume();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.clock.end();
    this.#storage.end();
    this.#parts.network.drop(this.#parts.name);
  }

  #network(): Network {
    const network = this.#parts.network.at(this.#parts.name);
    return {
      listen: (address, onStream) => (this.#ended ? never() : network.listen(address, onStream)),
      dial: (address) => (this.#ended ? never() : network.dial(address)),
    };
  }

  #beginHost(): HostLife {
    const clock = new LifeClock(this.clock);
    const storage = new MortalStorage(this.#storage);
    const end = (): void => {
      clock.end();
      storage.end();
    };
    return { clock, random: this.#parts.random, storage, end };
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
