/** The inside of an embedded node, opened: refs to collections, actors of one's own on the pool. */
import type { CollectionMessage } from "../actors/index.js";
import { invalid } from "../base/index.js";
import type { ActorRef } from "../runtime/index.js";
import { Supervisor } from "../supervisors/index.js";
import type { RestartPolicy } from "../supervisors/index.js";
import { hostFor } from "./hosts.js";
import type { Node } from "./node.js";

export interface SpawnOptions {
  /** Unique among one's own actors. */
  readonly name: string;
  /** A module whose export is an actor definition (`defineActor`); loaded on a worker thread. */
  readonly module: URL;
  /** Default `default`. */
  readonly export?: string;
  /** Given to the definition's `start`, also at each restart. */
  readonly args?: unknown;
  /** Default `permanent`. */
  readonly restart?: RestartPolicy;
}

const supervisorName = "supervisor/user";
const namePrefix = "user/";

export class ActorApi {
  readonly #node: Node;
  #supervisor: Promise<Supervisor> | undefined;

  constructor(node: Node) {
    this.#node = node;
  }

  /** The actor of a collection. Errors: `COLLECTION_NOT_FOUND`. */
  collection(name: string): ActorRef<CollectionMessage> {
    return this.#node.registry.tree(name).ref;
  }

  /**
   * Starts an actor under supervision on one of the search threads; resolves when it runs. The ref
   * stays valid when the actor is restarted. Errors: `ALREADY_EXISTS`, `INVALID_ARGUMENT`, or why its
   * first start failed.
   */
  async spawn<Message = unknown>(options: SpawnOptions): Promise<ActorRef<Message>> {
    const { name, module, restart = "permanent", args } = options;
    if (!(module instanceof URL)) throw invalid("must be a URL", "module");
    const supervisor = await this.#userSupervisor();
    return supervisor.startChild<Message>({
      name: `${namePrefix}${name}`,
      restart,
      start: {
        module: module.href,
        host: hostFor(this.#node.hosts.hosts(), "search", name),
        args,
        ...(options.export !== undefined && { export: options.export }),
      },
    });
  }

  /** Stops an actor that `spawn` started; resolves when it has ended or there is none. */
  async stop(name: string): Promise<void> {
    const supervisor = await this.#userSupervisor();
    await supervisor.stopChild(`${namePrefix}${name}`);
  }

  /** One's own actors have a supervisor of their own: what they do costs no other its restarts. */
  #userSupervisor(): Promise<Supervisor> {
    this.#supervisor ??= this.#startSupervisor();
    return this.#supervisor;
  }

  async #startSupervisor(): Promise<Supervisor> {
    const { system, hosts, supervisor } = this.#node;
    const own = new Supervisor({ name: supervisorName, system, hosts });
    own.lifecycle$.subscribe(({ type, ...details }) => system.emit(type, details));
    await supervisor.startChild(own.asChild({ restart: "temporary" }));
    return own;
  }
}
