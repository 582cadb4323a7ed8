/**
 * Hosts in the thread of the caller: systems of their own, joined with the hub by loopback links, so
 * that what they say to each other passes the codec as it does between threads. For simulations.
 *
 * A host that was killed is cut off from the world (`HostLife.end`), as code that was under way in it
 * cannot be stopped; it is replaced after the time that a new thread takes.
 */
import { DvespError, invalid, type Clock, type Random } from "../base/index.js";
import { type Link, loopbackPair } from "../mailbox/index.js";
import type { Storage } from "../storage/index.js";
import { ActorSystem } from "./actor-system.js";
import type { HostPoolOptions } from "./host-pool.js";
import type { HostState } from "./host-slot.js";
import type { HostListener, HostSpec, HostStatus, Hosts } from "./hosts.js";
import type { Loader } from "./loader.js";
import { endedWithin } from "./within.js";

/** What one life of a host has of the world. */
export interface HostLife {
  readonly clock: Clock;
  readonly random: Random;
  readonly storage: Storage;
  /** From now on no timer fires and nothing reaches the storage. */
  end(): void;
}

export interface LocalHostsOptions extends HostPoolOptions {
  readonly load: Loader;
  readonly beginLife: (host: string) => HostLife;
}

interface Run {
  readonly system: ActorSystem;
  readonly life: HostLife;
  readonly link: Link;
}

const replaceMs = 150;

export class LocalHosts implements Hosts {
  readonly #options: LocalHostsOptions;
  readonly #states = new Map<string, HostState>();
  readonly #runs = new Map<string, Run>();
  readonly #listeners = new Set<HostListener>();

  constructor(options: LocalHostsOptions) {
    this.#options = options;
    for (const { name } of options.hosts) this.#states.set(name, "starting");
  }

  start(): Promise<void> {
    for (const spec of this.#options.hosts) {
      this.#begin(spec);
      this.#options.system.emit("host_started", { name: spec.name });
    }
    return Promise.resolve();
  }

  hosts(): readonly HostStatus[] {
    return this.#options.hosts.map((spec) => ({ ...spec, state: this.#stateOf(spec.name) }));
  }

  onHost(listener: HostListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  killHost(name: string): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#options.testHooks) throw new DvespError("PERMISSION_DENIED", "test hooks are off");
      const spec = this.#options.hosts.find((one) => one.name === name);
      if (!spec) throw invalid(`there is no host ${name}`);
      const run = this.#runs.get(name);
      if (!run) throw new DvespError("CLOSED", `${name} is ${this.#stateOf(name)}`);
      this.#lose(spec, run);
      resolve();
    });
  }

  async close(limitMs: number): Promise<void> {
    await Promise.all(this.#options.hosts.map((spec) => this.#close(spec, limitMs)));
  }

  #begin(spec: HostSpec): void {
    const { system: hub, load, beginLife } = this.#options;
    const life = beginLife(spec.name);
    const { clock, random, storage } = life;
    const system = new ActorSystem({ host: spec.name, clock, random, storage, load });
    const [atHub, atHost] = loopbackPair();
    this.#runs.set(spec.name, { system, life, link: atHub });
    hub.connect(spec.name, atHub);
    system.connectHub(hub.host, atHost);
    this.#enter(spec, "up");
  }

  #lose(spec: HostSpec, { life, link }: Run): void {
    const { system: hub } = this.#options;
    const lostAt = hub.clock.monotonic();
    this.#runs.delete(spec.name);
    life.end();
    this.#enter(spec, "lost");
    hub.emit("host_lost", { name: spec.name });
    hub.disconnect(spec.name, link);
    hub.clock.after(replaceMs, () => {
      if (this.#stateOf(spec.name) === "closed") return;
      this.#begin(spec);
      const after_ms = hub.clock.monotonic() - lostAt;
      hub.emit("host_replaced", { name: spec.name, after_ms });
    });
  }

  async #close(spec: HostSpec, limitMs: number): Promise<void> {
    const { system: hub } = this.#options;
    const run = this.#runs.get(spec.name);
    this.#enter(spec, "closed");
    if (!run) return;
    this.#runs.delete(spec.name);
    await endedWithin(hub.clock, limitMs, run.system.stopAll(limitMs));
    run.life.end();
    run.system.closeLinks();
    hub.disconnect(spec.name, run.link);
    hub.emit("host_stopped", { name: spec.name });
  }

  #stateOf(name: string): HostState {
    return this.#states.get(name) ?? "closed";
  }

  #enter(spec: HostSpec, state: HostState): void {
    this.#states.set(spec.name, state);
    for (const listener of [...this.#listeners]) listener({ ...spec, state });
  }
}
