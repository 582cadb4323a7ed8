/**
 * The worker thread's side of an actor host: one long Piscina task that runs an actor system until
 * it is told to end. This module is loaded by path (see host-slot.ts), never imported for itself.
 *
 * An error that nobody caught ends the thread: the state of its actors is then unknown, and the hub
 * starts the host anew.
 */
import { type MessagePort, threadId } from "node:worker_threads";
import { DvespError, systemClock, systemRandom, useNativeGate } from "../base/index.js";
import { PortLink } from "../mailbox/index.js";
import { ActorSystem } from "./actor-system.js";
import { dieSoon } from "./deaths.js";
import type { HostRequest } from "./incoming.js";
import { giveWay } from "./give-way.js";
import { importLoader } from "./loader.js";
import { TaskPool } from "./task-pool.js";

export interface HostSetup {
  readonly host: string;
  readonly hub: string;
  readonly port: MessagePort;
  /** Shared, one element: the host writes its thread's id there before it answers anything. */
  readonly threadId: Int32Array;
  /** Closed before the thread is terminated. */
  readonly nativeGate: Int32Array;
  /** Threads that its tasks may take. */
  readonly taskThreads: number;
  /** Whether its threads give way to others of the process. */
  readonly givesWay: boolean;
  /** Whether the thread may be killed from inside, by tests. */
  readonly testHooks: boolean;
}

/** Runs the host; resolves once it has been ended in good order. */
export default async function runHost(setup: HostSetup): Promise<void> {
  const { host, hub, port, taskThreads, testHooks } = setup;
  Atomics.store(setup.threadId, 0, threadId);
  useNativeGate(setup.nativeGate);
  if (setup.givesWay) giveWay();
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const onHostRequest = async (request: HostRequest): Promise<void> => {
    switch (request.type) {
      case "end":
        await system.stopAll(request.limit_ms);
        // The answer goes first.
        setImmediate(finish);
        return;
      case "die":
        if (!testHooks) throw new DvespError("PERMISSION_DENIED", "test hooks are off");
        dieSoon(request.how);
        return;
    }
  };
  const tasks = new TaskPool({ threads: taskThreads });
  const system: ActorSystem = new ActorSystem({
    host,
    clock: systemClock,
    random: systemRandom,
    load: importLoader,
    tasks,
    onHostRequest,
  });
  system.connectHub(hub, new PortLink(port));
  await finished;
  await tasks.close();
  system.closeLinks();
}
