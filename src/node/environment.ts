/**
 * What a node has of the outside world, as one argument: time, chance, storage, the network, and what
 * its hosts are made of. The default is the machine; simulations bring a world of their own.
 */
import { repairLimits } from "../actors/index.js";
import type { RepairLimits } from "../actors/index.js";
import { SystemNetwork, systemClock, systemRandom } from "../base/index.js";
import type { Clock, Network, Random } from "../base/index.js";
import { HostPool, importLoader } from "../runtime/index.js";
import type { HostPoolOptions, Hosts, Loader } from "../runtime/index.js";
import { systemStorage } from "../storage/index.js";
import type { Storage } from "../storage/index.js";

export interface NodeEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly storage: Storage;
  readonly network: Network;
  /** How the main host comes by the code of actors. */
  readonly load: Loader;
  /** Not started yet; actors on them have the same clock and storage. */
  readonly makeHosts: (options: HostPoolOptions) => Hosts;
  /** How often replicas are compared, and what follows from it. */
  readonly repair: RepairLimits;
}

/** The machine's; hosts are worker threads. */
export const systemEnvironment: NodeEnvironment = {
  clock: systemClock,
  random: systemRandom,
  storage: systemStorage,
  network: new SystemNetwork(),
  load: importLoader,
  makeHosts: (options) => new HostPool(options),
  repair: repairLimits,
};
