/**
 * Finds nodes that are being taken out and hold nothing any more, so that they can be stopped for
 * good. A node counts as empty only after a while: somebody may have placed something on it at the
 * moment when it was asked to go.
 */
import type { Clock, Timer } from "../base/index.js";
import { collectionPrefix, memberPrefix } from "../cluster/index.js";
import type { ClusterStore, CollectionMap, MemberRecord, StoreChange } from "../cluster/index.js";

const emptyMs = 2000;

export class DrainedNodes {
  readonly #store: ClusterStore;
  readonly #clock: Clock;
  readonly #onDrained: (node: string) => void;
  readonly #maps = new Map<string, CollectionMap>();
  readonly #members = new Map<string, MemberRecord>();
  /** Of nodes that look empty. */
  readonly #timers = new Map<string, Timer>();
  #ends: readonly (() => void)[] = [];

  constructor(store: ClusterStore, clock: Clock, onDrained: (node: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onDrained = onDrained;
  }

  watch(): void {
    this.#ends = [
      this.#store.watch(collectionPrefix, (change) => this.#apply(this.#maps, change)),
      this.#store.watch(memberPrefix, (change) => this.#apply(this.#members, change)),
    ];
  }

  stop(): void {
    for (const end of this.#ends) end();
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #apply<Value>(values: Map<string, Value>, change: StoreChange): void {
    if (change.type === "delete") values.delete(change.key);
    else {
      if (change.type === "state") values.clear();
      const entries = change.type === "state" ? change.entries : [change.entry];
      for (const { key, value } of entries) values.set(key, value as Value);
    }
    this.#review();
  }

  #review(): void {
    const held = new Set(
      [...this.#maps.values()].flatMap(({ shards }) =>
        shards.flatMap(({ replicas }) => replicas.map(({ node }) => node)),
      ),
    );
    for (const { node, draining } of this.#members.values()) {
      const isEmpty = draining === true && !held.has(node);
      if (isEmpty && !this.#timers.has(node)) {
        const timer = this.#clock.after(emptyMs, () => this.#onDrained(node));
        this.#timers.set(node, timer);
      } else if (!isEmpty) {
        this.#timers.get(node)?.cancel();
        this.#timers.delete(node);
      }
    }
  }
}
