/** What a system is made with, and what is asked of it to start an actor. */
import type { Clock, Random } from "../base/index.js";
import type { Storage } from "../storage/index.js";
import type { YieldTurn } from "./dispatcher.js";
import type { RuntimeEvent } from "./events.js";
import type { HostRequest } from "./incoming.js";
import type { Loader } from "./loader.js";
import type { TaskRunner } from "./task-pool.js";

export interface SystemOptions {
  /** The name of this thread in addresses. */
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly load: Loader;
  /** What actors of this thread keep data on. Default: the machine's. */
  readonly storage?: Storage;
  /** Gets every event of this thread and, on the hub, of the workers behind it. */
  readonly onEvent?: (event: RuntimeEvent) => void;
  /** Default: `setImmediate`. */
  readonly yieldTurn?: YieldTurn;
  /** Run messages between actors of this thread through the codec too, as if they were remote. */
  readonly encodeLocal?: boolean;
  /** On a worker: where its actors run short work. */
  readonly tasks?: TaskRunner;
  /** On a worker: what to do with requests that concern the thread itself. */
  readonly onHostRequest?: (request: HostRequest) => Promise<void>;
}

export interface SpawnRequest {
  readonly name: string;
  /** Default: this thread. */
  readonly host?: string;
  /** URL of a module, as the host's loader takes it. */
  readonly module: string;
  /** Default `default`. */
  readonly export?: string;
  readonly args?: unknown;
  readonly attachments?: readonly unknown[];
  /** Default 60,000. */
  readonly startMs?: number;
}

export interface LocalSpawn {
  readonly name: string;
  readonly args?: unknown;
  readonly attachments?: readonly unknown[];
  readonly startMs?: number;
}
