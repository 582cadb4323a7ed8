/**
 * The cluster store of another process, reached by messages. A watch outlasts the way there: when it
 * was lost, or a change was, the watch begins again with the state.
 */
import type { Timer } from "../base/index.js";
import { answerOf, defineActor } from "../runtime/index.js";
import type { ActorRef, ActorSystem, Address } from "../runtime/index.js";
import type { ClusterStore, Entry, Lease, PutOptions, StoreChange } from "./cluster-store.js";
import type { StoreMessage, WatchMessage } from "./store-messages.js";

const askMs = 5000;
const retryMs = 100;

export class RemoteClusterStore implements ClusterStore {
  readonly #system: ActorSystem;
  readonly #store: ActorRef<StoreMessage>;
  #watches = 0;

  constructor(system: ActorSystem, store: Address) {
    this.#system = system;
    this.#store = system.ref(store);
  }

  async get(key: string): Promise<Entry | undefined> {
    return (await this.#ask<Entry | undefined>({ type: "get", key })) ?? undefined;
  }

  list(prefix: string): Promise<readonly Entry[]> {
    return this.#ask({ type: "list", prefix });
  }

  put(key: string, value: unknown, options: PutOptions = {}): Promise<Entry> {
    return this.#ask({ type: "put", key, value, ...options });
  }

  delete(key: string, ifRevision?: number): Promise<boolean> {
    const condition = ifRevision === undefined ? {} : { if_revision: ifRevision };
    return this.#ask({ type: "delete", key, ...condition });
  }

  grantLease(ttlMs: number): Promise<Lease> {
    return this.#ask({ type: "grant_lease", ttl_ms: ttlMs });
  }

  async keepAlive(lease: string): Promise<void> {
    await this.#ask({ type: "keep_alive", lease });
  }

  async revokeLease(lease: string): Promise<void> {
    await this.#ask({ type: "revoke_lease", lease });
  }

  watch(prefix: string, listener: (change: StoreChange) => void): () => void {
    const name = `cluster-watch/${++this.#watches}`;
    const watch = new RemoteWatch({
      system: this.#system,
      store: this.#store,
      name,
      prefix,
      listener,
    });
    watch.begin();
    return () => watch.end();
  }

  async #ask<Answer>(message: StoreMessage): Promise<Answer> {
    const result = await this.#store.ask<Answer>(message, { timeout_ms: askMs });
    return answerOf(result, "the cluster store");
  }
}

interface RemoteWatchParts {
  readonly system: ActorSystem;
  readonly store: ActorRef<StoreMessage>;
  readonly name: string;
  readonly prefix: string;
  readonly listener: (change: StoreChange) => void;
}

/** One watch: an actor that hears changes, asked for anew whenever one may have been missed. */
class RemoteWatch {
  readonly #parts: RemoteWatchParts;
  #attempt = 0;
  #ended = false;
  #endDeath: (() => void) | undefined;
  #retry: Timer | undefined;

  constructor(parts: RemoteWatchParts) {
    this.#parts = parts;
  }

  begin(): void {
    void this.#begin();
  }

  end(): void {
    this.#ended = true;
    this.#forget();
  }

  async #begin(): Promise<void> {
    if (this.#ended) return;
    const { system, store, name, prefix } = this.#parts;
    const attempt = ++this.#attempt;
    const listener = `${name}/${attempt}`;
    const to = await system.spawnLocal<WatchMessage>({ name: listener }, this.#actor(attempt));
    this.#endDeath = system.watch(store.address, () => this.#again(attempt));
    const result = await store.ask({ type: "watch", prefix, to }, { timeout_ms: askMs });
    if (result.outcome !== "ok") this.#again(attempt);
    else if (this.#isOver(attempt)) this.#forget();
  }

  #actor(attempt: number) {
    let next = 0;
    return defineActor<unknown, WatchMessage>({
      start: () => ({
        receive: ({ number, change }) => {
          if (this.#isOver(attempt)) return;
          if (number === next++) this.#parts.listener(change);
          else this.#again(attempt);
        },
      }),
    });
  }

  #isOver(attempt: number): boolean {
    return this.#ended || attempt !== this.#attempt;
  }

  #again(attempt: number): void {
    if (this.#isOver(attempt)) return;
    this.#forget();
    this.#retry = this.#parts.system.clock.after(retryMs, () => this.begin());
  }

  /** The listener ends, and with it what the store knows of it. */
  #forget(): void {
    const { system, name } = this.#parts;
    this.#retry?.cancel();
    this.#endDeath?.();
    system.kill({ host: system.host, name: `${name}/${this.#attempt}` });
  }
}
