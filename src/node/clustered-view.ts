/**
 * What a node of several knows of the others, and how it changes what all agree on: maps of the
 * collections from the cluster store, nodes from its list of members, their states from the links.
 *
 * All of it stays usable while the store is away; only changes fail then.
 */
import { sameSettings } from "../actors/index.js";
import { DvespError, limits, randomUuid } from "../base/index.js";
import type { Clock, Random } from "../base/index.js";
import { evenRanges, memberPrefix, placeShard, withShardChanged } from "../cluster/index.js";
import type {
  ClusterStore,
  ClusterView,
  CollectionMap,
  Member,
  MemberRecord,
  NodeState,
  NodeView,
  ShardChange,
  ShardPlaces,
  StoreChange,
} from "../cluster/index.js";
import type { CollectionSettings } from "../protocol/index.js";
import { NodeStates } from "./node-states.js";
import type { Links } from "./node-states.js";
import { WatchedMaps } from "./watched-maps.js";

export interface ClusteredViewParts {
  readonly self: string;
  readonly store: ClusterStore;
  readonly links: Links;
  readonly clock: Clock;
  readonly random: Random;
  /** Told after each change of the nodes that belong to the cluster. */
  readonly onNodes: () => void;
  readonly onState: (node: string, state: NodeState) => void;
}

/** A node that belongs to the cluster, whether it runs or not. */
export interface KnownNode extends MemberRecord {
  /** 0 as long as it was never seen. */
  readonly pid: number;
  /** Another one for each life; absent as long as it was never seen. */
  readonly incarnation?: string;
}

const replicasMax = 3;

export class ClusteredView implements ClusterView {
  readonly self: string;
  readonly #parts: ClusteredViewParts;
  readonly #maps: WatchedMaps;
  readonly #states: NodeStates;
  readonly #records = new Map<string, MemberRecord>();
  /** As they last registered. */
  readonly #members = new Map<string, Member>();
  #running: ReadonlySet<string> = new Set();
  readonly #listeners = new Set<() => void>();
  #endWatch: (() => void) | undefined;

  constructor(parts: ClusteredViewParts) {
    this.#parts = parts;
    const { self, store, clock, links, onState } = parts;
    this.self = self;
    this.#maps = new WatchedMaps(store, () => this.#changed());
    this.#states = new NodeStates({
      self,
      clock,
      links,
      nodes: () => this.known().map(({ node }) => node),
      onState: (node, state) => {
        onState(node, state);
        this.#changed();
      },
    });
  }

  /** Resolves when maps and members are here; they are kept up to date from then on. */
  async start(): Promise<void> {
    await Promise.all([this.#maps.start(), this.#watchRecords()]);
    this.#states.start();
  }

  stop(): void {
    this.#maps.stop();
    this.#endWatch?.();
    this.#states.stop();
  }

  /** Call when a link begins or ends. */
  linksChanged(): void {
    this.#states.look();
  }

  /** Call with those that are registered, after each change. */
  membersChanged(members: readonly Member[]): void {
    for (const member of members) this.#members.set(member.node, member);
    this.#running = new Set(members.map(({ node }) => node));
    this.#nodesChanged();
  }

  /** Those that are to be there, and those that are, by id. */
  known(): KnownNode[] {
    const ids = new Set([...this.#records.keys(), ...this.#running]);
    return [...ids].sort().flatMap((node): KnownNode[] => {
      const record = this.#records.get(node);
      const member = this.#members.get(node);
      if (member) {
        return [{ ...record, ...member }];
      }
      return record ? [{ ...record, pid: 0 }] : [];
    });
  }

  nodes(): readonly NodeView[] {
    return this.known().map(({ node, client_address: address, pid }) => ({
      id: node,
      address,
      pid,
      // One that was never registered may be linked, and has not said yet where clients reach it.
      state: pid === 0 && node !== this.self ? "dead" : this.#states.stateOf(node),
    }));
  }

  isAlive(node: string): boolean {
    return this.#states.stateOf(node) === "alive";
  }

  hubOf(node: string): string {
    return `${node}/main`;
  }

  collections(): readonly CollectionMap[] {
    return this.#maps.list();
  }

  collection(name: string): CollectionMap | undefined {
    return this.#maps.get(name);
  }

  get replicationFactorDefault(): number {
    return Math.min(replicasMax, this.places().length);
  }

  /** Nodes that may be given a replica. */
  places(): string[] {
    return this.known().flatMap(({ node, draining }) => (draining === true ? [] : node));
  }

  async create(settings: CollectionSettings): Promise<CollectionMap> {
    const { collection } = settings;
    const there = this.collection(collection);
    const made = there ?? (await this.#maps.add(this.#newMap(settings)));
    if (!made) return this.create(settings);
    if (!sameSettings(made.settings, settings)) {
      throw new DvespError("ALREADY_EXISTS", `collection ${collection} exists with other settings`);
    }
    return made;
  }

  drop(name: string): Promise<void> {
    return this.#maps.drop(name);
  }

  changeShard(collection: string, shard: number, change: ShardChange): Promise<CollectionMap> {
    return this.#maps.change(collection, (map) => withShardChanged(map, shard, change));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Errors: `NOT_ENOUGH_REPLICAS`, `TOO_LARGE`. */
  #newMap(settings: CollectionSettings): CollectionMap {
    const { collection, replication_factor: count } = settings;
    const { random } = this.#parts;
    const nodes = this.places();
    if (nodes.length < count) {
      const message = `${nodes.length} nodes cannot keep ${count} replicas of each row`;
      throw new DvespError("NOT_ENOUGH_REPLICAS", message, { field: "replication_factor" });
    }
    if (this.collections().length >= limits.collectionsMax) {
      throw new DvespError(
        "TOO_LARGE",
        `a cluster has at most ${limits.collectionsMax} collections`,
      );
    }
    const shards = evenRanges(settings.shards).map((range): ShardPlaces => {
      const placed = placeShard(collection, range.id, nodes, count);
      // The node names the data itself once it has made it.
      const replicas = placed.map((node) => ({ node, state: "active" as const, identity: "" }));
      return { ...range, epoch: 1, replicas };
    });
    return { settings, uid: randomUuid(random), shards };
  }

  #watchRecords(): Promise<void> {
    return new Promise((resolve) => {
      this.#endWatch = this.#parts.store.watch(memberPrefix, (change) => {
        this.#applyRecords(change);
        resolve();
      });
    });
  }

  #applyRecords(change: StoreChange): void {
    if (change.type === "delete") this.#records.delete(change.key.slice(memberPrefix.length));
    else {
      if (change.type === "state") this.#records.clear();
      const entries = change.type === "state" ? change.entries : [change.entry];
      for (const { value } of entries) {
        const record = value as MemberRecord;
        this.#records.set(record.node, record);
      }
    }
    this.#nodesChanged();
  }

  #nodesChanged(): void {
    this.#parts.onNodes();
    this.#states.look();
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
