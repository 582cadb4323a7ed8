/** Each node of a model cluster with the repair of its replica. */
import type { ClusterView, CollectionMap } from "../../src/cluster/index.js";
import { HybridClock } from "../../src/consistency/index.js";
import { repairLimits } from "../../src/actors/repair/limits.js";
import type { RepairLimits } from "../../src/actors/repair/limits.js";
import { ShardRepair } from "../../src/actors/repair/shard-repair.js";
import { Throttle } from "../../src/actors/repair/throttle.js";
import { PlainCluster, settings } from "./repair-cluster.js";

export interface SeenEvent {
  readonly type: string;
  readonly [detail: string]: unknown;
}

export class RepairWorld extends PlainCluster {
  readonly repairs = new Map<string, ShardRepair>();
  readonly events: SeenEvent[] = [];
  readonly limits: RepairLimits;

  constructor(nodes: readonly string[], seed = 1, limits: Partial<RepairLimits> = {}) {
    super(nodes, seed);
    this.limits = { ...repairLimits, askMs: 1000, ...limits };
  }

  start(...nodes: readonly string[]): void {
    for (const node of nodes.length > 0 ? nodes : this.replicas.keys()) {
      const repair = this.#repairOf(node);
      this.repairs.set(node, repair);
      repair.start();
    }
  }

  /** Ends the repair of a node, as the end of its process does. */
  async stop(...nodes: readonly string[]): Promise<void> {
    const ended = (nodes.length > 0 ? nodes : [...this.repairs.keys()]).map(async (node) => {
      const stopped = this.repairs.get(node)?.stop();
      this.repairs.delete(node);
      await stopped;
    });
    await this.clock.advance(20_000);
    await Promise.all(ended);
  }

  /** Advances until `isDone`, at most so long; the time that it took. */
  async until(isDone: () => boolean, limitMs: number): Promise<number> {
    const began = this.clock.now();
    while (!isDone()) {
      if (this.clock.now() - began > limitMs) throw new Error(`not within ${limitMs} ms`);
      await this.clock.advance(100);
    }
    return this.clock.now() - began;
  }

  /** What a node knows of the cluster. */
  view(self: string): ClusterView {
    const map = (): CollectionMap => ({ settings, uid: "uid", shards: [this.shard] });
    const isAlive = (node: string): boolean => !this.down.has(node);
    return {
      self,
      replicationFactorDefault: 3,
      isAlive,
      nodes: () =>
        [...this.replicas.keys()].map((id) => {
          const state = isAlive(id) ? ("alive" as const) : ("dead" as const);
          return { id, address: "", pid: 1, state };
        }),
      hubOf: (node) => `${node}/main`,
      collections: () => [map()],
      collection: () => map(),
      create: () => Promise.reject(new Error("nothing is made here")),
      drop: () => Promise.reject(new Error("nothing is dropped here")),
      changeShard: (_collection, _shard, change) => {
        this.changeShard((now) => change(now, map()) as typeof now | undefined);
        return Promise.resolve(map());
      },
      onChange: () => () => undefined,
    };
  }

  eventsOf(type: string): SeenEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  #repairOf(self: string): ShardRepair {
    const { clock, random, limits } = this;
    return new ShardRepair({
      ...{ self, clock, random, limits },
      collection: settings.collection,
      shard: 0,
      access: this.access(self),
      changeShard: (change) => {
        this.changeShard(change);
        return Promise.resolve();
      },
      versions: new HybridClock(clock, self),
      throttle: new Throttle(clock, limits.bytesPerSecond),
      emit: (event) => void this.events.push(event),
    });
  }
}
