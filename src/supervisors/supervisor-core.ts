/**
 * Performs what `decide` wants done. The core of one life of a supervisor: a restarted supervisor
 * is a new core. What it hears from watches and timers it applies at once, not through a mailbox:
 * a lost exit would be a child that never comes back.
 */
import {
  DvespError,
  type PlainError,
  type Timer,
  errorFromPlain,
  toDvespError,
  unreachable,
} from "../base/index.js";
import type { ActorContext, ActorRef, ActorSystem, Hosts } from "../runtime/index.js";
import { type CheckedSpec, given } from "./child-spec.js";
import { decide } from "./decide.js";
import { hereRole } from "./pick-host.js";
import {
  type Child,
  type Effect,
  type LifecycleDetails,
  type SupervisorEvent,
  type SupervisorState,
  emptyState,
} from "./state.js";
import { WaitingRoom } from "./waiting-room.js";

/** What a supervisor needs to know of hosts. */
export type HostDirectory = Pick<Hosts, "hosts" | "onHost">;

export interface CoreOptions {
  readonly system: ActorSystem;
  readonly context: ActorContext;
  readonly hosts: HostDirectory | undefined;
  readonly onLifecycle: (event: LifecycleDetails) => void;
}

type StartEffect = Extract<Effect, { type: "start" }>;
type StopEffect = Extract<Effect, { type: "stop" }>;
type DelayEffect = Extract<Effect, { type: "delay" }>;

export class SupervisorCore {
  readonly #options: CoreOptions;
  readonly #forgetHosts: () => void;
  readonly #timers = new Map<string, Timer>();
  readonly #waiting = new WaitingRoom<Child | undefined>();
  #state: SupervisorState = emptyState;
  /** Why the last child that never ran could not be started. */
  #startError: { readonly name: string; readonly error: PlainError } | undefined;

  constructor(options: CoreOptions) {
    this.#options = options;
    const { system, hosts } = options;
    this.#apply({ type: "host", host: system.host, role: hereRole, up: true });
    const learn = ({ name, role, state }: ReturnType<HostDirectory["hosts"]>[number]): void =>
      this.#apply({ type: "host", host: name, role, up: state === "up" });
    this.#forgetHosts = hosts?.onHost(learn) ?? (() => undefined);
    hosts?.hosts().forEach(learn);
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** Starts a child; resolves when it runs. Errors: `ALREADY_EXISTS`, `CLOSED`, why it failed. */
  async startChild(spec: CheckedSpec): Promise<ActorRef> {
    const present = this.#state.children.get(spec.name);
    if (present && present.at.phase !== "ended") {
      throw new DvespError("ALREADY_EXISTS", `there is a child ${spec.name}`);
    }
    if (this.#state.phase !== "running") throw closing();
    const running = this.#untilRunning(spec.name);
    this.#apply({ type: "add", spec });
    return running;
  }

  /** Stops a child for good; resolves when it has ended, or is not there. */
  async stopChild(name: string): Promise<void> {
    const gone = this.#untilGone(name);
    this.#apply({ type: "remove", name });
    await gone;
  }

  /** The child once it runs. Errors: `INVALID_ARGUMENT` when unknown, or why it ended. */
  async whenRunning(name: string): Promise<ActorRef> {
    if (!this.#state.children.has(name)) {
      throw new DvespError("INVALID_ARGUMENT", `there is no child ${name}`);
    }
    const running = this.#untilRunning(name);
    this.#review();
    return running;
  }

  /** Stops all children, the last one added first. */
  async close(): Promise<void> {
    const gone = [...this.#state.children.keys()].map((name) => this.#untilGone(name));
    this.#apply({ type: "close" });
    await Promise.all(gone);
    this.#forgetHosts();
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #untilGone(name: string): Promise<void> {
    return this.#waiting.wait(name, (child) => (child ? undefined : { result: undefined }));
  }

  #untilRunning(name: string): Promise<ActorRef> {
    return this.#waiting.wait(name, (child) => {
      if (!child) throw this.#whyGone(name);
      const { at } = child;
      if (at.phase === "ended") throw at.error ? errorFromPlain(at.error) : closing();
      if (at.phase !== "running") return undefined;
      return { result: this.#options.context.ref({ host: at.host, name }) };
    });
  }

  #whyGone(name: string): DvespError {
    const failed = this.#startError;
    return failed?.name === name ? errorFromPlain(failed.error) : closing();
  }

  /** One event, its effects, and what waited for it. A bug in here ends the supervisor. */
  #apply(event: SupervisorEvent): void {
    const { context } = this.#options;
    const { clock, random } = context;
    try {
      const { state, effects } = decide(this.#state, event, clock.monotonic(), random);
      this.#state = state;
      if (event.type === "start_failed") this.#startError = event;
      for (const effect of effects) this.#perform(effect);
      this.#review();
    } catch (error) {
      context.crash(error);
    }
  }

  #review(): void {
    this.#waiting.review((name) => this.#state.children.get(name));
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "start":
        void this.#start(effect);
        return;
      case "stop":
        void this.#stop(effect);
        return;
      case "delay":
        this.#delay(effect);
        return;
      case "emit":
        this.#options.onLifecycle(effect.event);
        return;
      case "escalate":
        this.#options.context.crash(
          new Error(`${effect.name} failed too often: ${effect.error.message}`),
        );
        return;
      default:
        unreachable(effect);
    }
  }

  async #start({ name, life, host }: StartEffect): Promise<void> {
    const spec = this.#state.children.get(name)?.spec;
    if (!spec) return;
    try {
      await this.#spawn(spec, host);
    } catch (error) {
      const plain = toDvespError(error).toPlain();
      this.#apply({ type: "start_failed", name, life, error: plain });
      return;
    }
    this.#apply({ type: "started", name, life });
    this.#options.system.watch({ host, name }, (end) =>
      this.#apply({ type: "exited", name, life, end }),
    );
  }

  async #spawn({ name, start, startMs }: CheckedSpec, host: string): Promise<void> {
    const { system } = this.#options;
    const args = await given(start.args);
    const attachments = (await given(start.attachments ?? [])) as readonly unknown[];
    const request = { name, args, attachments, startMs };
    if ("definition" in start) {
      await system.spawnLocal(request, start.definition);
    } else {
      await system.spawn({
        ...request,
        host,
        module: start.module,
        export: start.export ?? "default",
      });
    }
  }

  async #stop({ name, life, host }: StopEffect): Promise<void> {
    const { system } = this.#options;
    const shutdownMs = this.#state.children.get(name)?.spec.shutdownMs ?? 0;
    try {
      await system.stop({ host, name }, shutdownMs);
    } catch {
      // It did not answer in time: no more waiting, and nothing of it may stay behind.
      system.kill({ host, name });
    }
    this.#apply({ type: "stopped", name, life });
  }

  #delay({ name, life, delayMs }: DelayEffect): void {
    this.#timers.get(name)?.cancel();
    const timer = this.#options.context.clock.after(delayMs, () => {
      this.#timers.delete(name);
      this.#apply({ type: "due", name, life });
    });
    this.#timers.set(name, timer);
  }
}

function closing(): DvespError {
  return new DvespError("CLOSED", "the child is no longer supervised");
}
