/**
 * The worker threads of a process: a Piscina pool in which each thread is an actor host for life.
 *
 * The pool must not use Piscina's `Atomics.wait`, which would stop the event loop of a host. Its
 * threads are replaced by Piscina; the hosts on them by their slots.
 */
import { type ResourceLimits } from "node:worker_threads";
import { Piscina } from "piscina";
import { DvespError, invalid, isDvespError } from "../base/index.js";
import type { ActorSystem } from "./actor-system.js";
import { HostSlot, type HostState } from "./host-slot.js";
import type { HostListener, HostSpec, HostStatus, Hosts } from "./hosts.js";
import type { DeathKind } from "./signals.js";
import { endedWithin } from "./within.js";

export interface HostPoolOptions {
  /** The system of this thread, which becomes the hub. */
  readonly system: ActorSystem;
  readonly hosts: readonly HostSpec[];
  /** Heap limits of each thread, as worker_threads take them. */
  readonly resourceLimits?: ResourceLimits;
  /** Allow `killHost`. Never in production. */
  readonly testHooks?: boolean;
}

const startMsDefault = 60_000;

export class HostPool implements Hosts {
  readonly #system: ActorSystem;
  readonly #testHooks: boolean;
  readonly #threads: Piscina;
  readonly #specs: readonly HostSpec[];
  readonly #slots = new Map<string, HostSlot>();
  readonly #listeners = new Set<HostListener>();

  constructor(options: HostPoolOptions) {
    const { system, hosts, resourceLimits, testHooks = false } = options;
    checkSpecs(hosts, system.host);
    this.#system = system;
    this.#specs = hosts;
    this.#testHooks = testHooks;
    this.#threads = new Piscina({
      filename: new URL("./host.js", import.meta.url).href,
      minThreads: hosts.length,
      maxThreads: hosts.length,
      atomics: "disabled",
      recordTiming: false,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    // A thread that failed before it took its host on: the slot's own limit in time deals with it.
    this.#threads.on("error", (error: unknown) => {
      system.emit("thread_failed", { message: String(error) });
    });
    for (const spec of hosts) this.#slots.set(spec.name, this.#slot(spec));
  }

  async start(limitMs = startMsDefault): Promise<void> {
    const up = Promise.all(this.#specs.map(({ name }) => this.#whenUp(name)));
    for (const slot of this.#slots.values()) slot.start();
    if (await endedWithin(this.#system.clock, limitMs, up)) return;
    const reasons = [...this.#slots.values()].map(({ lastError }) => lastError?.message ?? "");
    await this.close(0);
    const reason = reasons.find((text) => text !== "") ?? "no reason is known";
    throw new DvespError("TIMEOUT", `the hosts did not start within ${limitMs} ms: ${reason}`);
  }

  hosts(): readonly HostStatus[] {
    return this.#specs.map((spec) => ({ ...spec, state: this.#stateOf(spec.name) }));
  }

  onHost(listener: HostListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async killHost(name: string, how: DeathKind | "terminate"): Promise<void> {
    if (!this.#testHooks) throw new DvespError("PERMISSION_DENIED", "test hooks are off");
    const slot = this.#slots.get(name);
    if (!slot) throw invalid(`there is no host ${name}`);
    if (slot.state !== "up") throw new DvespError("CLOSED", `${name} is ${slot.state}`);
    if (how === "terminate") await slot.terminate();
    else await this.#system.requestHost(name, { type: "die", how }, 5000).catch(unlessGone);
  }

  async close(limitMs: number): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => slot.close(limitMs)));
    await this.#threads.destroy();
  }

  #slot(spec: HostSpec): HostSlot {
    return new HostSlot({
      name: spec.name,
      system: this.#system,
      threads: this.#threads,
      taskThreads: spec.taskThreads ?? 1,
      givesWay: spec.givesWay ?? false,
      testHooks: this.#testHooks,
      onState: (state) => {
        for (const listener of [...this.#listeners]) listener({ ...spec, state });
      },
    });
  }

  #stateOf(name: string): HostState {
    return this.#slots.get(name)?.state ?? "closed";
  }

  #whenUp(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = this.onHost((status) => {
        if (status.name !== name) return;
        if (status.state === "closed") reject(new DvespError("CLOSED", "the pool is closing"));
        else if (status.state !== "up") return;
        forget();
        resolve();
      });
    });
  }
}

/** A thread that dies before it has answered did what it was asked. */
function unlessGone(error: unknown): void {
  if (!isDvespError(error) || error.code !== "CLOSED") throw error;
}

function checkSpecs(hosts: readonly HostSpec[], hub: string): void {
  const names = new Set([hub, ...hosts.map(({ name }) => name)]);
  if (hosts.length === 0) throw invalid("a pool has at least one host", "hosts");
  if (names.size !== hosts.length + 1) throw invalid("each host needs a name of its own", "hosts");
}
