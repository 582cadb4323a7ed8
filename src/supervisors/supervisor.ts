/**
 * A supervisor: an ordinary actor whose children are data. It lives on the thread that made it;
 * its children live wherever their specs say.
 *
 * When a child uses up its restart budget the supervisor itself crashes, after stopping its other
 * children: a supervisor above it then starts it anew with all of its children, and at the top
 * `onEscalate` decides what becomes of the process. Budgets multiply down the tree.
 */
import { type Observable, Subject } from "rxjs";
import { DvespError, assert } from "../base/index.js";
import {
  type ActorRef,
  type ActorSystem,
  type Address,
  type AnyDefinition,
  type AskResult,
  answerOf,
  defineActor,
} from "../runtime/index.js";
import { type CheckedSpec, type ChildSpec, checkSpec, checkSpecs } from "./child-spec.js";
import type { ChildPhase, LifecycleDetails } from "./state.js";
import { type HostDirectory, SupervisorCore } from "./supervisor-core.js";

/** One change in the life of a supervisor's children; `child` is its name. */
export type LifecycleEvent = LifecycleDetails & {
  readonly time_ms: number;
  readonly supervisor: string;
};

export interface SupervisorOptions {
  /** Its actor's name. */
  readonly name: string;
  /** The system of this thread. */
  readonly system: ActorSystem;
  /** Where children may live beside this thread: the host pool. */
  readonly hosts?: HostDirectory;
  /** Started in this order, stopped in the reverse one. */
  readonly children?: readonly ChildSpec[];
  /** The supervisor of `start` has given up, or could not go on; its children are stopped. */
  readonly onEscalate?: (error: DvespError) => void;
}

export interface ChildStatus {
  readonly name: string;
  readonly phase: ChildPhase["phase"];
  /** Where it runs, or is being started or stopped. */
  readonly host: string | undefined;
  /** Starts so far. */
  readonly life: number;
}

interface Message {
  readonly type: "start_child" | "stop_child" | "when_running";
  readonly name: string;
}

/** Callers that may wait at the same time. */
const waitingMax = 10_000;
/** The children have limits of their own; this one only ends what hangs all the same. */
const stopMsMax = 600_000;

export class Supervisor {
  readonly address: Address;
  /** What happens to the children; completes when the supervisor is stopped. */
  readonly lifecycle$: Observable<LifecycleEvent>;
  readonly #options: SupervisorOptions;
  readonly #subject = new Subject<LifecycleEvent>();
  /** Children by name, in order: they survive a restart of the supervisor. */
  readonly #specs = new Map<string, CheckedSpec>();
  readonly #ref: ActorRef<Message>;
  #core: SupervisorCore | undefined;

  /** Errors: `INVALID_ARGUMENT` when any child spec is wrong; nothing is started then. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { name, system, children = [] } = options;
    for (const spec of checkSpecs(children)) this.#specs.set(spec.name, spec);
    this.address = { host: system.host, name };
    this.#ref = system.ref(this.address);
    this.lifecycle$ = this.#subject.asObservable();
  }

  /** Starts the supervisor and its children, as the top of its tree. Errors: why a child failed. */
  async start(): Promise<void> {
    const { system, name } = this.#options;
    await system.spawnLocal({ name, startMs: stopMsMax }, this.definition);
    system.watch(this.address, (end) => {
      this.#subject.complete();
      if (end.reason !== "normal") this.#options.onEscalate?.(escalation(name, end.error?.message));
    });
  }

  /** This supervisor as the child of another one on the same thread. */
  asChild(spec: Omit<ChildSpec, "name" | "start"> = {}): ChildSpec {
    const { name } = this.#options;
    return { shutdownMs: stopMsMax, ...spec, name, start: { definition: this.definition } };
  }

  /**
   * Starts a child and keeps it; resolves when it runs. Errors: `INVALID_ARGUMENT` for a wrong
   * spec, `ALREADY_EXISTS`, `CLOSED`, or why its first start failed (it is then forgotten).
   */
  async startChild<Message = unknown>(spec: ChildSpec): Promise<ActorRef<Message>> {
    const checked = checkSpec(spec);
    const { name } = checked;
    const known = this.#core?.state.children.get(name);
    if (this.#specs.has(name) && known && known.at.phase !== "ended") {
      throw new DvespError("ALREADY_EXISTS", `there is a child ${name}`);
    }
    this.#specs.set(name, checked);
    try {
      return await this.#askRef<Message>({ type: "start_child", name });
    } catch (error) {
      this.#forgetUnlessSupervised(name);
      throw error;
    }
  }

  /** Stops a child for good; resolves when it has ended or there is none. */
  async stopChild(name: string): Promise<void> {
    this.#specs.delete(name);
    answerOf(await this.#ask({ type: "stop_child", name }), "the supervisor");
  }

  /** The child once it runs, at once or after its restart. Errors: why it will not, `TIMEOUT`. */
  whenRunning<Message = unknown>(name: string, timeoutMs?: number): Promise<ActorRef<Message>> {
    return this.#askRef<Message>({ type: "when_running", name }, timeoutMs);
  }

  /** The children as they are now, in order. */
  children(): readonly ChildStatus[] {
    const children = [...(this.#core?.state.children.values() ?? [])];
    return children.map(({ spec, at, life }) => ({
      name: spec.name,
      phase: at.phase,
      host: "host" in at ? at.host : undefined,
      life,
    }));
  }

  /** Stops the children, the last one first, then the supervisor. */
  async stop(limitMs: number): Promise<void> {
    await this.#options.system.stop(this.address, limitMs);
    this.#subject.complete();
  }

  /** What runs as the supervisor's actor: each start makes a new core from the specs. */
  get definition(): AnyDefinition {
    return defineActor<unknown, Message>({
      concurrency: waitingMax,
      crashStopMs: stopMsMax,
      start: async (context) => {
        const { system, hosts } = this.#options;
        const onLifecycle = (event: LifecycleDetails): void => this.#publish(event);
        const core = new SupervisorCore({ system, context, hosts, onLifecycle });
        this.#core = core;
        await startInOrder(core, [...this.#specs.values()]);
        return {
          receive: (message) => this.#receive(core, message),
          stop: () => core.close(),
        };
      },
    });
  }

  async #receive(core: SupervisorCore, message: Message): Promise<Address | undefined> {
    switch (message.type) {
      case "start_child": {
        const spec = this.#specs.get(message.name);
        assert(spec, `child ${message.name} has a spec`);
        return (await core.startChild(spec)).address;
      }
      case "stop_child":
        await core.stopChild(message.name);
        return undefined;
      case "when_running":
        return (await core.whenRunning(message.name)).address;
    }
  }

  #publish(event: LifecycleDetails): void {
    const { system, name } = this.#options;
    this.#subject.next({ ...event, time_ms: system.clock.now(), supervisor: name });
  }

  /** After a first start that failed; one that will be tried again is kept. */
  #forgetUnlessSupervised(name: string): void {
    if (!this.#core?.state.children.has(name)) this.#specs.delete(name);
  }

  async #askRef<M>(message: Message, timeoutMs?: number): Promise<ActorRef<M>> {
    const address = answerOf(await this.#ask(message, timeoutMs), "the supervisor");
    assert(address, "a child has an address");
    return this.#options.system.ref<M>(address);
  }

  #ask(message: Message, timeoutMs = stopMsMax): Promise<AskResult<Address | undefined>> {
    return this.#ref.ask(message, { timeout_ms: timeoutMs, lane: "control" });
  }
}

/** Starts children one after the other; when one fails, stops those that run and rejects. */
async function startInOrder(core: SupervisorCore, specs: readonly CheckedSpec[]): Promise<void> {
  try {
    for (const spec of specs) await core.startChild(spec);
  } catch (error) {
    await core.close();
    throw error;
  }
}

function escalation(name: string, reason = "unknown"): DvespError {
  return new DvespError("INTERNAL", `supervisor ${name} gave up: ${reason}`);
}
