/**
 * Which nodes there are. A node registers under a lease and keeps it alive; every node sees the same
 * list, and its changes, by watching it.
 *
 * A node that could not keep its lease alive (the store was away, its process stood still) registers
 * again, with the same incarnation as long as its process lives.
 */
import type { Clock, Timer } from "../base/index.js";
import { isDvespError } from "../base/index.js";
import type { ClusterStore, Entry, StoreChange } from "./cluster-store.js";

export interface Member {
  readonly node: string;
  /** Where other nodes reach it. */
  readonly address: string;
  /** Where clients reach it. */
  readonly client_address: string;
  readonly pid: number;
  /** Another one for each life of the node. */
  readonly incarnation: string;
}

export interface MembershipOptions {
  readonly store: ClusterStore;
  readonly clock: Clock;
  /** Told after each change, and once at the beginning; by node id. */
  readonly onMembers: (members: readonly Member[]) => void;
  /** Milliseconds after which a node that says nothing is no longer a member; default 2,000. */
  readonly leaseMs?: number;
}

const prefix = "nodes/";
const leaseMsDefault = 2000;
/** A lease is kept alive this many times in its life. */
const keepsPerLease = 4;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #leaseMs: number;
  readonly #members = new Map<string, Member>();
  #self: Member | undefined;
  #lease: string | undefined;
  #endWatch: (() => void) | undefined;
  #timer: Timer | undefined;
  #left = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? leaseMsDefault;
  }

  /** Those that are there, by node id. */
  members(): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** Registers this node; resolves when it is. Errors: those of the store. */
  async join(self: Member): Promise<void> {
    this.#self = self;
    await this.#register();
    this.observe();
    this.#keepSoon();
  }

  /** Watches who is there, without being one of them. */
  observe(): void {
    this.#endWatch ??= this.#options.store.watch(prefix, (change) => this.#changed(change));
  }

  /** Says that this node goes, so that nobody waits for its lease to end. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#timer?.cancel();
    this.#endWatch?.();
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease !== undefined) await this.#options.store.revokeLease(lease).catch(() => undefined);
  }

  async #register(): Promise<void> {
    const self = this.#self;
    if (!self) return;
    const { store } = this.#options;
    const lease = await store.grantLease(this.#leaseMs);
    await store.put(`${prefix}${self.node}`, self, { lease: lease.id });
    this.#lease = lease.id;
  }

  #keepSoon(): void {
    if (this.#left) return;
    this.#timer = this.#options.clock.after(this.#leaseMs / keepsPerLease, () => void this.#keep());
  }

  /** The store may be away: then it is asked again, and knows this node when it is back. */
  async #keep(): Promise<void> {
    try {
      if (this.#lease === undefined) await this.#register();
      else await this.#options.store.keepAlive(this.#lease);
    } catch (error) {
      if (isDvespError(error) && error.code === "CLOSED") this.#lease = undefined;
    }
    this.#keepSoon();
  }

  #changed(change: StoreChange): void {
    if (change.type === "state") {
      this.#members.clear();
      for (const entry of change.entries) this.#put(entry);
    } else if (change.type === "put") this.#put(change.entry);
    else this.#members.delete(change.key.slice(prefix.length));
    this.#options.onMembers(this.members());
  }

  #put({ key, value }: Entry): void {
    this.#members.set(key.slice(prefix.length), value as Member);
  }
}
