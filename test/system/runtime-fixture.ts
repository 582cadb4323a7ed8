/** Real threads for tests: a system with a host pool from `dist/`, and actors given as source text. */
import type { ActorSystem, HostPool, RuntimeEvent } from "../../dist/runtime/index.js";
import * as base from "../../dist/base/index.js";
import * as runtime from "../../dist/runtime/index.js";

export interface Threads {
  readonly system: ActorSystem;
  readonly pool: HostPool;
  readonly events: RuntimeEvent[];
  /** Resolves at the next event of that type which `matches`; arm it before the act. */
  readonly next: (
    type: string,
    matches?: (event: RuntimeEvent) => boolean,
  ) => Promise<RuntimeEvent>;
  readonly close: () => Promise<void>;
}

export interface ThreadsOptions {
  readonly count?: number;
  readonly testHooks?: boolean;
  /** Heap of each thread, so that running out of it does not take long. */
  readonly heapMb?: number;
  /** Whether all of them give way. */
  readonly givesWay?: boolean;
}

export async function startThreads(options: ThreadsOptions = {}): Promise<Threads> {
  const { count = 1, testHooks = true, heapMb = 48, givesWay = false } = options;
  const events: RuntimeEvent[] = [];
  const listeners = new Set<(event: RuntimeEvent) => void>();
  const system = new runtime.ActorSystem({
    host: "main",
    clock: base.systemClock,
    random: base.systemRandom,
    load: runtime.importLoader,
    onEvent: (event) => {
      events.push(event);
      for (const listener of [...listeners]) listener(event);
    },
  });
  const pool = new runtime.HostPool({
    system,
    hosts: Array.from({ length: count }, (_, index) => {
      return { name: `worker-${index}`, role: "work", givesWay };
    }),
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
    testHooks,
  });
  await pool.start();
  const next: Threads["next"] = (type, matches = () => true) =>
    new Promise((resolve) => {
      const listener = (event: RuntimeEvent): void => {
        if (event.type !== type || !matches(event)) return;
        listeners.delete(listener);
        resolve(event);
      };
      listeners.add(listener);
    });
  return { system, pool, events, next, close: () => pool.close(3000) };
}

/** A module URL for the source text of a module that worker threads can load. */
export function moduleOf(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** An actor module; `receive` is the source of a function of message, envelope, context and args. */
export function actorModule(receive: string): string {
  return moduleOf(`
    const receive = ${receive};
    export default {
      concurrency: 1000,
      start: (context, args) => ({ receive: (m, envelope) => receive(m, envelope, context, args) }),
    };
  `);
}
