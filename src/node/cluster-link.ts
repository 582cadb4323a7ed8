/**
 * What joins a node with the others of its cluster: links to them and to the process that keeps the
 * cluster store, the store seen through that link, and the list of those who are there.
 */
import { DvespError, randomUuid, sleep } from "../base/index.js";
import {
  Membership,
  Peers,
  RemoteClusterStore,
  clusterIdKey,
  markDraining,
  storeActorName,
} from "../cluster/index.js";
import type { CollectionMap } from "../cluster/index.js";
import type { ClusterChange } from "../protocol/index.js";
import { parentActorName } from "../processes/index.js";
import type { AddedNode, ParentMessage } from "../processes/index.js";
import { answerOf } from "../runtime/index.js";
import type { ActorSystem } from "../runtime/index.js";
import type { Catalog } from "./catalog.js";
import { ClusteredView } from "./clustered-view.js";
import type { NodeEnvironment } from "./environment.js";
import { clusterIdentity } from "./identity.js";
import { ReplicaClaims } from "./replica-claims.js";
import { untilSettled } from "./settling.js";
import type { Standing } from "./standing.js";

export interface ClusterOptions {
  /** The id of this node. */
  readonly node: string;
  /** Where it listens for other nodes: `unix:/path` or `host:port`. */
  readonly listen: string;
  /** Where they reach it; default: there. */
  readonly advertise?: string;
  /** Where the process is reached that keeps the cluster store, and its id. */
  readonly store: { readonly node: string; readonly address: string };
  /** What all nodes of the cluster know, and nobody else. */
  readonly secret: string;
}

const reachMsMax = 15_000;
const retryMs = 50;
const addMsMax = 30_000;

export interface ClusterLinkParts {
  readonly options: ClusterOptions;
  readonly system: ActorSystem;
  readonly environment: NodeEnvironment;
  readonly catalog: Catalog;
  /** The data directory. */
  readonly path: string;
}

export class ClusterLink implements Standing {
  readonly view: ClusteredView;
  readonly #options: ClusterOptions;
  readonly #system: ActorSystem;
  readonly #store: RemoteClusterStore;
  readonly #peers: Peers;
  readonly #membership: Membership;
  readonly #claims: ReplicaClaims;
  /** Where other nodes reach this one. */
  #address = "";
  /** Why the link to the store was refused, if so. */
  #refused: DvespError | undefined;

  private constructor({ options, system, environment, catalog }: ClusterLinkParts) {
    const { node, secret, store } = options;
    const { network, clock, random, storage } = environment;
    this.#options = options;
    this.#system = system;
    this.#store = new RemoteClusterStore(system, {
      host: `${store.node}/main`,
      name: storeActorName,
    });
    this.#peers = new Peers({
      node,
      secret,
      system,
      network,
      clock,
      random,
      onPeer: () => this.view.linksChanged(),
      onRefused: (error, peer) => {
        if (peer === store.node && error.code === "PERMISSION_DENIED") this.#refused = error;
      },
    });
    this.view = new ClusteredView({
      self: node,
      store: this.#store,
      links: this.#peers,
      clock,
      random,
      onNodes: () => this.#expect(),
      onState: (other, state) => system.emit("node_state", { peer: other, state }),
    });
    this.#claims = new ReplicaClaims({
      view: this.view,
      catalog,
      disk: storage.disk,
      random,
      emit: (type, details) => system.emit(type, details),
    });
    this.#membership = new Membership({
      store: this.#store,
      clock,
      onMembers: (members) => this.view.membersChanged(members),
    });
  }

  /**
   * Reaches the cluster, learns what it is like, and makes sure that the data directory belongs to it.
   * Errors: `PERMISSION_DENIED` for another secret, `NOT_ENOUGH_REPLICAS` when nobody answers,
   * `INVALID_ARGUMENT` for a directory of others.
   */
  static async join(parts: ClusterLinkParts): Promise<ClusterLink> {
    const { options, environment, path } = parts;
    const link = new ClusterLink(parts);
    try {
      link.#expect();
      const identity = { node_id: options.node, cluster_id: await link.#clusterId() };
      await clusterIdentity(environment.storage.disk, path, identity);
      await link.view.start();
      await link.#claims.clearDropped();
      return link;
    } catch (error) {
      await link.leave();
      throw error;
    }
  }

  claim(map: CollectionMap, shard: number, close: () => Promise<void>): Promise<void> {
    return this.#claims.claim(map, shard, close);
  }

  places(): readonly string[] {
    return this.view.places();
  }

  settled(collection: string, uid: string | undefined): Promise<void> {
    return untilSettled(this.#system, this.view, collection, uid);
  }

  /** From the store, as soon as that is reached. */
  async #clusterId(): Promise<string> {
    const { store } = this.#options;
    const { clock } = this.#system;
    const endMs = clock.monotonic() + reachMsMax;
    for (;;) {
      const entry = await this.#store.get(clusterIdKey).catch(() => undefined);
      if (entry) return entry.value as string;
      if (this.#refused) throw this.#refused;
      if (clock.monotonic() > endMs) {
        const message = `the cluster store at ${store.address} does not answer`;
        throw new DvespError("NOT_ENOUGH_REPLICAS", message);
      }
      await sleep(clock, retryMs);
    }
  }

  /**
   * Until then there are no links with other nodes, which therefore count this one as dead: it has
   * nothing to say to them before its shards are open. Errors: `CLOSED` for an address in use.
   */
  async announce(clientAddress: string, pid: number): Promise<void> {
    const { listen, advertise } = this.#options;
    const address = await this.#peers.listen(listen);
    this.#address = advertise ?? address;
    this.#expect();
    await this.#membership.join({
      node: this.#options.node,
      address: this.#address,
      client_address: clientAddress,
      pid,
      incarnation: randomUuid(this.#system.random),
    });
  }

  /** Errors: those of the process above. */
  async addNode(): Promise<ClusterChange> {
    const parent = { host: `${this.#options.store.node}/main`, name: parentActorName };
    const ref = this.#system.ref<ParentMessage>(parent);
    const options = { timeout_ms: addMsMax };
    return answerOf(await ref.ask<AddedNode>({ type: "add_node" }, options), "the parent");
  }

  /**
   * Has nothing new placed on a node, and what it holds moved away; it is stopped when it is empty.
   * Errors: `INVALID_ARGUMENT` for no such node, `NOT_ENOUGH_REPLICAS` when the others are too few.
   */
  async drainNode(node: string): Promise<ClusterChange> {
    const needed = this.view.collections().map(({ settings }) => settings.replication_factor);
    await markDraining(this.#store, node, Math.max(0, ...needed));
    return { node };
  }

  async leave(): Promise<void> {
    await this.#membership.leave();
    this.view.stop();
    await this.#peers.close();
  }

  #expect(): void {
    const { store, node: self } = this.#options;
    const isReady = this.#address !== "";
    const others = isReady ? this.view.known().filter(({ node }) => node !== self) : [];
    this.#peers.expect([store, ...others]);
  }
}
