/**
 * Replicas of one collection on several nodes, in one thread: coordinators reach them over a network that
 * delays, loses and cuts, nodes crash, stop and come back, and clocks differ. All of it follows from a
 * seed. Links keep order, as real ones do: what is lost is lost with its link.
 */
import { DvespError, randomBelow, randomFraction, seededRandom } from "../../src/base/index.js";
import type { Clock, Random, VirtualClock } from "../../src/base/index.js";
import { evenRanges } from "../../src/cluster/index.js";
import type { ShardPlaces } from "../../src/cluster/index.js";
import type { CollectionSettings } from "../../src/protocol/index.js";
import type { AskResult } from "../../src/runtime/index.js";
import type { ReplicaMessage, WriteMessage } from "../../src/actors/replica/messages.js";
import type { ReplicationMessage } from "../../src/actors/replica/replication-messages.js";
import type {
  CollectionAccess,
  ReplicaAccess,
  ShardAccess,
} from "../../src/actors/replicas/access.js";
import type { Hints } from "../../src/actors/writes/hints.js";

/** One replica, real or model. Rejects or throws `DvespError` where it refuses; anything else crashes it. */
export interface HostedReplica {
  receive(message: ReplicaMessage | ReplicationMessage): unknown;
  /** Begins anew with what was durable. */
  restart(): Promise<void> | void;
}

export interface ClusterOptions {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly nodes: number;
  readonly shards: number;
  readonly replicationFactor: number;
  readonly dimension: number;
  /** Share of messages lost before, and of answers lost after, they were handled. */
  readonly loss: number;
  readonly skewMsMax: number;
  readonly make: (node: string, shard: number, clock: Clock) => Promise<HostedReplica>;
}

interface NodeState {
  readonly clock: Clock;
  down: boolean;
  /** Resolves when it goes on. */
  stopped: Promise<void> | undefined;
  resume: () => void;
}

const delayMsMax = 12;

export class ReplicaCluster {
  readonly options: ClusterOptions;
  readonly random: Random;
  readonly trace: string[] = [];
  readonly settings: CollectionSettings;
  readonly #nodes = new Map<string, NodeState>();
  readonly #replicas = new Map<string, HostedReplica>();
  readonly #cut = new Set<string>();
  /** Messages of a link are handled in the order in which they were sent. */
  readonly #links = new Map<string, { free: number; life: number }>();
  readonly hints: {
    readonly node: string;
    readonly shard: number;
    readonly message: WriteMessage;
  }[] = [];
  readonly #shards: readonly ShardPlaces[];
  lossless = false;

  private constructor(options: ClusterOptions) {
    this.options = options;
    this.random = seededRandom(options.seed);
    this.settings = {
      collection: "c",
      dimension: options.dimension,
      distance_metric: "l2",
      index: { type: "flat" },
      shards: options.shards,
      replication_factor: options.replicationFactor,
    };
    this.#shards = evenRanges(options.shards).map((range) => ({
      ...range,
      epoch: 1,
      replicas: this.#placesOf(range.id),
    }));
  }

  static async open(options: ClusterOptions): Promise<ReplicaCluster> {
    const cluster = new ReplicaCluster(options);
    for (let n = 1; n <= options.nodes; n++) {
      const skew = Math.round((randomFraction(cluster.random) - 0.5) * 2 * options.skewMsMax);
      cluster.#nodes.set(`n${n}`, {
        clock: skewed(options.clock, skew),
        ...{ down: false, stopped: undefined, resume: () => undefined },
      });
    }
    for (const { id, replicas } of cluster.#shards) {
      for (const { node } of replicas) {
        const replica = await options.make(node, id, cluster.clockOf(node));
        cluster.#replicas.set(`${node}/${id}`, replica);
      }
    }
    return cluster;
  }

  get shards(): readonly ShardPlaces[] {
    return this.#shards;
  }

  get nodes(): string[] {
    return [...this.#nodes.keys()];
  }

  clockOf(node: string): Clock {
    return this.#node(node).clock;
  }

  replica(node: string, shard: number): HostedReplica {
    return this.#replicas.get(`${node}/${shard}`) as HostedReplica;
  }

  replicasOf(shard: number): HostedReplica[] {
    const places = this.#shards.find(({ id }) => id === shard)?.replicas ?? [];
    return places.map(({ node }) => this.replica(node, shard));
  }

  hintsOf(): Hints {
    return { missed: (node, shard, message) => void this.hints.push({ node, shard, message }) };
  }

  /** What a coordinator on `node` sees. Once `isDead`, nothing it sent is answered any more. */
  accessFrom(node: string, isDead: () => boolean): CollectionAccess {
    return {
      settings: this.settings,
      shards: () => this.#shards.map((shard) => this.#shardFrom(node, shard, isDead)),
      newer: () => new Promise((resolve) => this.options.clock.after(20, resolve)),
    };
  }

  cut(one: string, other: string): void {
    this.#log(`cut ${one} ${other}`);
    for (const link of [`${one}>${other}`, `${other}>${one}`]) {
      this.#cut.add(link);
      this.#link(link).life++;
    }
  }

  join(one: string, other: string): void {
    this.#cut.delete(`${one}>${other}`);
    this.#cut.delete(`${other}>${one}`);
  }

  crash(node: string): void {
    this.#log(`crash ${node}`);
    this.#node(node).down = true;
    for (const [link, state] of this.#links) if (link.endsWith(`>${node}`)) state.life++;
  }

  async start(node: string): Promise<void> {
    if (!this.#node(node).down) return;
    for (const [name, replica] of this.#replicas) {
      if (name.startsWith(`${node}/`)) await replica.restart();
    }
    this.#node(node).down = false;
    this.#log(`start ${node}`);
  }

  stop(node: string): void {
    const state = this.#node(node);
    if (state.stopped) return;
    this.#log(`stop ${node}`);
    state.stopped = new Promise((resolve) => (state.resume = resolve));
  }

  resume(node: string): void {
    const state = this.#node(node);
    state.stopped = undefined;
    state.resume();
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    this.lossless = true;
    this.#cut.clear();
    for (const node of this.nodes) {
      await this.start(node);
      this.resume(node);
    }
  }

  /** Takes every hint where it belongs. */
  async replayHints(): Promise<void> {
    for (const { node, shard, message } of this.hints.splice(0)) {
      await this.replica(node, shard).receive(message);
    }
  }

  #placesOf(shard: number): ShardPlaces["replicas"] {
    const { nodes, replicationFactor } = this.options;
    return Array.from({ length: replicationFactor }, (_, index) => {
      const node = `n${((shard + index) % nodes) + 1}`;
      return { node, state: "active", identity: `${node}/${shard}` } as const;
    });
  }

  #shardFrom(from: string, shard: ShardPlaces, isDead: () => boolean): ShardAccess {
    const replicas = shard.replicas.map((place) => this.#access(from, shard.id, place, isDead));
    replicas.sort((a, b) => Number(b.local) - Number(a.local));
    return { shard, replicas };
  }

  #access(
    from: string,
    shard: number,
    place: ReplicaAccess["place"],
    isDead: () => boolean,
  ): ReplicaAccess {
    const { node } = place;
    const access: Pick<ReplicaAccess, "place" | "local" | "isAlive" | "ask"> = {
      place,
      local: from === node,
      isAlive: () => !this.#node(node).down && !this.#cut.has(`${from}>${node}`),
      ask: <Answer>(message: ReplicaMessage | ReplicationMessage, timeoutMs: number) =>
        this.#ask(from, node, shard, message, timeoutMs, isDead) as Promise<AskResult<Answer>>,
    };
    return access as ReplicaAccess;
  }

  async #ask(
    from: string,
    to: string,
    shard: number,
    message: ReplicaMessage | ReplicationMessage,
    timeoutMs: number,
    isDead: () => boolean,
  ): Promise<AskResult<unknown>> {
    const { clock } = this.options;
    if (isDead()) return forEver;
    const what = `${from}>${to}/${shard} ${describe(message)}`;
    const end = await new Promise<AskResult<unknown>>((resolve) => {
      const timer = clock.after(timeoutMs, () => resolve({ outcome: "timeout" }));
      void this.#carry(from, to, shard, message).then((result) => {
        if (result === undefined) return;
        timer.cancel();
        resolve(result);
      });
    });
    this.#log(`${what} -> ${end.outcome === "ok" ? describe(end.value) : end.outcome}`);
    return isDead() ? forEver : end;
  }

  /** Undefined: no answer ever comes. */
  async #carry(
    from: string,
    to: string,
    shard: number,
    message: ReplicaMessage | ReplicationMessage,
  ): Promise<AskResult<unknown> | undefined> {
    const name = `${from}>${to}`;
    const link = this.#link(name);
    if (this.#cut.has(name) || this.#node(to).down) return { outcome: "gone" };
    const { life } = link;
    const alive = (): boolean => link.life === life && !this.#node(to).down;
    // A lost message takes its link with it, and what is behind it.
    if (this.#isLost()) return this.#loseLink(link);
    await this.#travel(link, from === to);
    await this.#node(to).stopped;
    if (!alive()) return { outcome: "gone" };
    const result = await this.#handle(to, shard, message);
    await this.#sleep(from === to ? 0 : randomBelow(this.random, delayMsMax));
    if (!alive()) return { outcome: "gone" };
    if (this.#isLost()) return this.#loseLink(link);
    return result;
  }

  async #loseLink(link: { life: number }): Promise<AskResult<unknown> | undefined> {
    link.life++;
    if (randomBelow(this.random, 4) === 0) return undefined;
    await this.#sleep(randomBelow(this.random, delayMsMax));
    return { outcome: "gone" };
  }

  async #travel(link: { free: number }, local: boolean): Promise<void> {
    const { clock } = this.options;
    const delayMs = local ? 0.1 : 0.5 + randomFraction(this.random) * delayMsMax;
    link.free = Math.max(link.free + 0.001, clock.monotonic() + delayMs);
    await this.#sleep(link.free - clock.monotonic());
  }

  async #handle(
    node: string,
    shard: number,
    message: ReplicaMessage | ReplicationMessage,
  ): Promise<AskResult<unknown>> {
    try {
      const value: unknown = await this.replica(node, shard).receive(message);
      return { outcome: "ok", value };
    } catch (error) {
      if (error instanceof DvespError) return { outcome: "refused", error: error.toPlain() };
      throw error;
    }
  }

  #isLost(): boolean {
    return !this.lossless && randomFraction(this.random) < this.options.loss;
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.options.clock.after(delayMs, resolve));
  }

  #node(node: string): NodeState {
    return this.#nodes.get(node) as NodeState;
  }

  #link(name: string): { free: number; life: number } {
    const known = this.#links.get(name);
    if (known) return known;
    const link = { free: 0, life: 0 };
    this.#links.set(name, link);
    return link;
  }

  #log(line: string): void {
    this.trace.push(`${this.options.clock.monotonic() - startMs} ${line}`);
  }
}

const startMs = 1_700_000_000_000;
const forEver: Promise<never> = new Promise(() => undefined);

function skewed(clock: Clock, skewMs: number): Clock {
  return {
    now: () => clock.now() + skewMs,
    monotonic: () => clock.monotonic(),
    after: (delayMs, action) => clock.after(delayMs, action),
  };
}

/** A message or an answer in one line, without its rows. */
function describe(value: unknown): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (key === "vectors" || key === "metadata" || key === "root") return;
    if (member instanceof Uint8Array) return Buffer.from(member).toString("hex").replace(/^0+/, "");
    return member;
  });
}
