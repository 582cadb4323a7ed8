/** Supervisors over the hosts of the runtime's harness: what their tests share. */
import type { ActorRef } from "../../../src/runtime/index.js";
import {
  type ChildSpec,
  type LifecycleEvent,
  Supervisor,
  type SupervisorOptions,
} from "../../../src/supervisors/index.js";
import type { Hosts } from "../runtime/harness.js";

/** A supervisor over the harness's hosts, and all it has told. */
export function makeSupervisor(
  hosts: Hosts,
  options: Partial<SupervisorOptions> = {},
): { supervisor: Supervisor; lifecycle: LifecycleEvent[] } {
  const { hub: system, directory } = hosts;
  const supervisor = new Supervisor({ name: "top", system, hosts: directory, ...options });
  const lifecycle: LifecycleEvent[] = [];
  supervisor.lifecycle$.subscribe((event) => lifecycle.push(event));
  return { supervisor, lifecycle };
}

/** Counts its messages, and crashes when told to. */
const counter = {
  start: () => {
    let count = 0;
    return {
      receive: (message: string) => {
        if (message === "crash") throw new Error("a bug");
        return ++count;
      },
    };
  },
};

export function counterOn(hosts: Hosts, name: string, spec: Partial<ChildSpec> = {}): ChildSpec {
  hosts.definitions.set("counter", counter);
  return { name, start: { module: "counter", host: { role: "work" } }, ...spec };
}

/** The child once virtual time has let it start. */
export async function started<Message>(
  hosts: Hosts,
  starting: Promise<ActorRef<Message>>,
): Promise<ActorRef<Message>> {
  await hosts.clock.advance(0);
  return starting;
}
