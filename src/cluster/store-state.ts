/**
 * The entries and leases of a cluster store, and what each command does to them: pure but for its own
 * maps, so that it can be tested, persisted and simulated without anything around it.
 */
import { DvespError, invalid } from "../base/index.js";
import type { Entry, PutOptions, StoreChange } from "./cluster-store.js";

const keyCharsMax = 512;

interface StoredEntry extends Entry {
  readonly lease: string | undefined;
}

interface LeaseState {
  readonly ttlMs: number;
  expiresMs: number;
}

/** What outlasts the process: entries under leases do not. */
export interface DurableState {
  /** No change that comes has this revision or a smaller one. */
  readonly revision: number;
  readonly entries: readonly Entry[];
}

export type Changed = Exclude<StoreChange, { readonly type: "state" }>;

export class StoreState {
  readonly #entries = new Map<string, StoredEntry>();
  readonly #leases = new Map<string, LeaseState>();
  #revision = 0;

  constructor(durable?: DurableState) {
    if (!durable) return;
    this.#revision = durable.revision;
    for (const entry of durable.entries) {
      this.#entries.set(entry.key, { ...entry, lease: undefined });
    }
  }

  /** The same, to be changed while this one stays as it is. */
  copy(): StoreState {
    const copy = new StoreState();
    copy.#revision = this.#revision;
    for (const [key, entry] of this.#entries) copy.#entries.set(key, entry);
    for (const [id, lease] of this.#leases) copy.#leases.set(id, { ...lease });
    return copy;
  }

  get revision(): number {
    return this.#revision;
  }

  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry && plain(entry);
  }

  list(prefix: string): readonly Entry[] {
    return [...this.#entries.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(plain);
  }

  /** Errors: `VERSION_CONFLICT`, `CLOSED` (the lease), `INVALID_ARGUMENT`. */
  put(key: string, value: unknown, { ifRevision, lease }: PutOptions): Entry {
    if (key.length === 0 || key.length > keyCharsMax) throw invalid("not a key", "key");
    if (lease !== undefined) this.#leaseOf(lease);
    this.#check(key, ifRevision);
    const entry = { key, value, revision: ++this.#revision, lease };
    this.#entries.set(key, entry);
    return plain(entry);
  }

  /** The change, if there was an entry. Errors: `VERSION_CONFLICT`. */
  delete(key: string, ifRevision: number | undefined): Changed | undefined {
    this.#check(key, ifRevision);
    if (!this.#entries.delete(key)) return undefined;
    return { type: "delete", key, revision: ++this.#revision };
  }

  grant(id: string, ttlMs: number, nowMs: number): void {
    this.#leases.set(id, { ttlMs, expiresMs: nowMs + ttlMs });
  }

  /** Errors: `CLOSED`. */
  keepAlive(id: string, nowMs: number): void {
    const lease = this.#leaseOf(id);
    lease.expiresMs = nowMs + lease.ttlMs;
  }

  /** Ends a lease; what became of its entries. */
  revoke(id: string): readonly Changed[] {
    if (!this.#leases.delete(id)) return [];
    const keys = [...this.#entries.values()].filter((entry) => entry.lease === id);
    return keys.flatMap(({ key }) => this.delete(key, undefined) ?? []);
  }

  /** Ends the leases that nobody kept alive. */
  expire(nowMs: number): readonly Changed[] {
    const ended = [...this.#leases].filter(([, { expiresMs }]) => expiresMs <= nowMs);
    return ended.flatMap(([id]) => this.revoke(id));
  }

  /** When the next lease ends, unless it is kept alive. */
  get nextExpiryMs(): number {
    return Math.min(Infinity, ...[...this.#leases.values()].map(({ expiresMs }) => expiresMs));
  }

  /** Entries that outlast the process. */
  durable(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ lease }) => lease === undefined).map(plain);
  }

  #check(key: string, ifRevision: number | undefined): void {
    const revision = this.#entries.get(key)?.revision ?? 0;
    if (ifRevision === undefined || ifRevision === revision) return;
    throw new DvespError(
      "VERSION_CONFLICT",
      `${key} is at revision ${revision}, not ${ifRevision}`,
    );
  }

  #leaseOf(id: string): LeaseState {
    const lease = this.#leases.get(id);
    if (!lease) throw new DvespError("CLOSED", "the lease has ended");
    return lease;
  }
}

function plain({ key, value, revision }: StoredEntry): Entry {
  return { key, value, revision };
}
