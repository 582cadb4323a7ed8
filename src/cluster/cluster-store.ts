/**
 * The small, strongly consistent store that a cluster agrees through: which nodes there are, which
 * collections, and where their shards lie. Never on the path of a read or a write of vectors.
 *
 * Every implementation passes test/conformance/cluster-store-suite.ts:
 * - each change moves the store's revision up by one, and the entry carries that revision;
 * - a change made under a condition happens only if the condition holds at that moment;
 * - a watcher sees every change under its prefix, once, in the order of revisions, after the state
 *   that it was given first;
 * - entries under a lease are gone once nobody has kept the lease alive for its time.
 */

export interface Entry {
  readonly key: string;
  /** What JSON can hold. */
  readonly value: unknown;
  /** Of the last change of this entry. */
  readonly revision: number;
}

export interface PutOptions {
  /** The entry's revision must be this; 0: it must not be there. */
  readonly ifRevision?: number | undefined;
  /** The entry goes with this lease. */
  readonly lease?: string | undefined;
}

/** What a watcher is told: the state at the beginning and after a gap, or one change. */
export type StoreChange =
  | { readonly type: "state"; readonly entries: readonly Entry[]; readonly revision: number }
  | { readonly type: "put"; readonly entry: Entry }
  | { readonly type: "delete"; readonly key: string; readonly revision: number };

export interface Lease {
  readonly id: string;
  /** Milliseconds that it lives without being kept alive. */
  readonly ttlMs: number;
}

export interface ClusterStore {
  /** Undefined when there is none. */
  get(key: string): Promise<Entry | undefined>;
  /** Entries whose keys begin with `prefix`, by key. */
  list(prefix: string): Promise<readonly Entry[]>;
  /** The entry as it is now. Errors: `VERSION_CONFLICT`; `CLOSED` for a lease that has ended. */
  put(key: string, value: unknown, options?: PutOptions): Promise<Entry>;
  /** Whether it was there. Errors: `VERSION_CONFLICT`. */
  delete(key: string, ifRevision?: number): Promise<boolean>;
  grantLease(ttlMs: number): Promise<Lease>;
  /** Errors: `CLOSED` when the lease has ended. */
  keepAlive(lease: string): Promise<void>;
  /** Ends a lease, and its entries with it; one that has ended is no error. */
  revokeLease(lease: string): Promise<void>;
  /** Tells `listener` the entries under `prefix`, then their changes, until it is ended. */
  watch(prefix: string, listener: (change: StoreChange) => void): () => void;
}
