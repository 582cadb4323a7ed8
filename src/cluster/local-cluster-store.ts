/**
 * The cluster store of one host: kept by the process that supervises the nodes, in a file.
 *
 * A change is durable before anybody hears of it, and changes happen one after the other. When the file
 * cannot be written the change has not happened. Leases and their entries are not kept in the file:
 * after a start nobody is there until they say so.
 */
import {
  DvespError,
  type Clock,
  type Disk,
  type Random,
  type Timer,
  randomUuid,
  readJsonFile,
  writeJsonFile,
} from "../base/index.js";
import type { ClusterStore, Entry, Lease, PutOptions, StoreChange } from "./cluster-store.js";
import { StoreState, type Changed, type DurableState } from "./store-state.js";

export interface LocalStoreOptions {
  readonly disk: Disk;
  /** The file; its directory exists. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
}

interface Watcher {
  readonly prefix: string;
  readonly listener: (change: StoreChange) => void;
}

const format = 1;
/** Revisions that a file reserves, so that changes which are not kept need no write each. */
const reservedRevisions = 2 ** 20;

export class LocalClusterStore implements ClusterStore {
  readonly #options: LocalStoreOptions;
  readonly #watchers = new Set<Watcher>();
  #state: StoreState;
  /** The file says that no revision up to this one is used again. */
  #reserved: number;
  #last: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #closed = false;

  private constructor(options: LocalStoreOptions, state: StoreState) {
    this.#options = options;
    this.#state = state;
    this.#reserved = state.revision;
  }

  /** Errors: `DATA_CORRUPTED` for a file of another format. */
  static async open(options: LocalStoreOptions): Promise<LocalClusterStore> {
    const kept = await readJsonFile(options.disk, options.path);
    return new LocalClusterStore(options, new StoreState(checkFile(kept, options.path)));
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#inTurn(() => this.#state.get(key));
  }

  list(prefix: string): Promise<readonly Entry[]> {
    return this.#inTurn(() => this.#state.list(prefix));
  }

  put(key: string, value: unknown, options: PutOptions = {}): Promise<Entry> {
    return this.#inTurn(async () => {
      const next = this.#state.copy();
      const entry = next.put(key, structuredClone(value), options);
      await this.#adopt(next, [{ type: "put", entry }], options.lease === undefined);
      return entry;
    });
  }

  delete(key: string, ifRevision?: number): Promise<boolean> {
    return this.#inTurn(async () => {
      const next = this.#state.copy();
      const change = next.delete(key, ifRevision);
      if (change) await this.#adopt(next, [change], true);
      return change !== undefined;
    });
  }

  grantLease(ttlMs: number): Promise<Lease> {
    return this.#inTurn(() => {
      const id = randomUuid(this.#options.random);
      this.#state.grant(id, ttlMs, this.#options.clock.monotonic());
      this.#watchLeases();
      return { id, ttlMs };
    });
  }

  keepAlive(lease: string): Promise<void> {
    return this.#inTurn(() => this.#state.keepAlive(lease, this.#options.clock.monotonic()));
  }

  revokeLease(lease: string): Promise<void> {
    return this.#inTurn(() => this.#tell(this.#state.revoke(lease)));
  }

  watch(prefix: string, listener: (change: StoreChange) => void): () => void {
    const watcher = { prefix, listener };
    void this.#inTurn(() => {
      const { revision } = this.#state;
      this.#watchers.add(watcher);
      listener({ type: "state", entries: this.#state.list(prefix), revision });
    }).catch(() => undefined);
    return () => void this.#watchers.delete(watcher);
  }

  /** Waits for changes under way; nothing is answered afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#watchers.clear();
    await this.#last;
  }

  #inTurn<Result>(action: () => Result | Promise<Result>): Promise<Result> {
    const turn = this.#last.then(() => {
      if (this.#closed) throw new DvespError("CLOSED", "the cluster store is closed");
      return action();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #adopt(next: StoreState, changes: readonly Changed[], durable: boolean): Promise<void> {
    if (durable || next.revision > this.#reserved) await this.#write(next);
    this.#state = next;
    this.#tell(changes);
  }

  async #write(next: StoreState): Promise<void> {
    const { disk, path } = this.#options;
    const revision = next.revision + reservedRevisions;
    await writeJsonFile(disk, path, { format, revision, entries: next.durable() });
    this.#reserved = revision;
  }

  #tell(changes: readonly Changed[]): void {
    for (const change of changes) {
      const key = change.type === "put" ? change.entry.key : change.key;
      for (const { prefix, listener } of [...this.#watchers]) {
        if (key.startsWith(prefix)) listener(change);
      }
    }
  }

  /** One timer, for the lease that ends next. */
  #watchLeases(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    const next = this.#state.nextExpiryMs;
    if (next === Infinity || this.#closed) return;
    this.#timer = clock.after(Math.max(0, next - clock.monotonic()), () => {
      void this.#inTurn(() => {
        this.#tell(this.#state.expire(clock.monotonic()));
        this.#watchLeases();
      }).catch(() => undefined);
    });
  }
}

function checkFile(kept: unknown, path: string): DurableState | undefined {
  if (kept === undefined) return undefined;
  const file = kept as (DurableState & { readonly format: number }) | null;
  const known = file?.format === format && Number.isSafeInteger(file.revision);
  if (known && Array.isArray(file.entries)) return file;
  throw new DvespError("DATA_CORRUPTED", `${path} is not of this version's format`);
}
