/**
 * Who wants to know when an actor ends, on this host and on others. Each watch is told exactly once
 * or, when ended before, not at all.
 */
import type { Address } from "../mailbox/index.js";
import type { Termination } from "./actor.js";

export type TerminationListener = (end: Termination) => void;

/** How watches reach the system of another host. */
export interface WatchSignals {
  watch(host: string, id: number, name: string): void;
  unwatch(host: string, id: number): void;
  terminated(host: string, id: number, end: Termination): void;
}

interface Outgoing {
  readonly address: Address;
  readonly listener: TerminationListener;
}

interface Incoming {
  readonly host: string;
  readonly id: number;
  readonly name: string;
}

export class DeathWatch {
  readonly #host: string;
  readonly #signals: WatchSignals;
  /** Watches of ours, on actors here and elsewhere. */
  readonly #outgoing = new Map<number, Outgoing>();
  /** Watches of other hosts, on actors here. */
  readonly #incoming = new Map<string, Incoming>();
  #last = 0;

  constructor(host: string, signals: WatchSignals) {
    this.#host = host;
    this.#signals = signals;
  }

  /** `alive`: whether an actor of this host is there; elsewhere its own host finds out. */
  watch(
    address: Address,
    listener: TerminationListener,
    alive: (name: string) => boolean,
  ): () => void {
    const id = ++this.#last;
    this.#outgoing.set(id, { address, listener });
    if (address.host !== this.#host) {
      this.#signals.watch(address.host, id, address.name);
    } else if (!alive(address.name)) {
      queueMicrotask(() => this.settle(id, notThere(address)));
    }
    return () => {
      if (!this.#outgoing.delete(id)) return;
      if (address.host !== this.#host) this.#signals.unwatch(address.host, id);
    };
  }

  /** Another host watches `name` here. */
  watchedBy(host: string, id: number, name: string, alive: boolean): void {
    if (alive) {
      this.#incoming.set(`${host}/${id}`, { host, id, name });
    } else {
      this.#signals.terminated(host, id, notThere({ host: this.#host, name }));
    }
  }

  unwatchedBy(host: string, id: number): void {
    this.#incoming.delete(`${host}/${id}`);
  }

  /** An actor of this host has ended. */
  ended(end: Termination): void {
    for (const [id, { address }] of this.#outgoing) {
      const here = address.host === this.#host && address.name === end.address.name;
      if (here) this.settle(id, end);
    }
    for (const [key, { host, id, name }] of this.#incoming) {
      if (name !== end.address.name) continue;
      this.#incoming.delete(key);
      this.#signals.terminated(host, id, end);
    }
  }

  /** Hosts for which `lost` is true are no longer reachable. */
  lose(lost: (host: string) => boolean): void {
    for (const [key, { host }] of this.#incoming) if (lost(host)) this.#incoming.delete(key);
    for (const [id, { address }] of this.#outgoing) {
      if (lost(address.host)) this.settle(id, { address, reason: "host_lost" });
    }
  }

  /** Ends our watch `id`. */
  settle(id: number, end: Termination): void {
    const watch = this.#outgoing.get(id);
    if (!watch) return;
    this.#outgoing.delete(id);
    watch.listener(end);
  }
}

function notThere(address: Address): Termination {
  const error = { code: "INTERNAL", message: "there is no such actor" } as const;
  return { address, reason: "error", error };
}
