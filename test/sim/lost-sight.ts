/**
 * Links that are lost exactly when the map of a collection changes, and for as long as it takes: nodes that do not
 * see a cut, nor each other, while another one makes it; and, while a replica is to go, a node that reaches nobody
 * else. Chance, and nothing else, decides when it happens.
 */
import { randomBelow, randomFraction } from "../../src/base/index.js";
import type { MemoryNetwork, Random } from "../../src/base/index.js";
import { isCutting } from "../../src/cluster/index.js";
import type { CollectionMap, ShardPlaces } from "../../src/cluster/index.js";
import type { CommitPoint } from "../../src/storage/index.js";
import { stepOf } from "./commit-steps.js";
import type { Fault, FaultKind } from "./faults.js";

/** How likely it is, each time. */
export interface SightChances {
  /** When a shard is about to be cut: all nodes but one lose sight of the map. */
  readonly cutting?: number;
  /** When a replica that is to go is one too many: some other node reaches nobody but its node. */
  readonly leaving?: number;
}

export interface LostSightParts {
  readonly chances: SightChances;
  readonly random: Random;
  readonly network: MemoryNetwork;
  /** Of the nodes that there are now. */
  readonly nodes: () => readonly string[];
  readonly storeName: string;
  /** The node that is to go, while it is there; else one of the replicas may be what is one too many. */
  readonly leaving: () => string | undefined;
}

type Link = readonly [string, string];

const blindMsMax = 3000;
/** Too short for a link to be given up: who comes back is compared at once. */
const apartMsMax = 500;
const narrowMsMax = 4000;
/** Who makes a cut is the first that is alive; whoever else keeps sight of the map has nothing to cut. */
const firstShare = 0.8;
const apartShare = 0.5;

export class LostSight {
  readonly #parts: LostSightParts;
  /** By collection: what its map was about. */
  readonly #before = new Map<string, string>();
  /** Nothing strikes before it is set. */
  strike: (kind: FaultKind) => void = () => undefined;
  /** Set while a node is narrowed. */
  #onHandover: (() => void) | undefined;
  /** The nodes of a shard with one replica more than it should have; "" while there is none. */
  #handing = "";
  #onHandedOver = (): void => undefined;

  constructor(parts: LostSightParts) {
    this.#parts = parts;
  }

  onMap({ settings, shards }: CollectionMap): void {
    const { cutting = 0, leaving = 0 } = this.#parts.chances;
    const cut = shards.find(isCutting);
    const moved = shards.find(({ replicas }) => replicas.length > settings.replication_factor);
    const isFilled = moved?.replicas.every(({ state }) => state === "active") === true;
    const handing = moved && isFilled ? moved.replicas.map(({ node }) => node).join() : "";
    if (handing !== this.#handing) this.#onHandedOver();
    this.#handing = handing;
    const about = `${cut?.id ?? ""} ${isFilled ? moved.id : ""}`;
    const before = this.#before.get(settings.collection);
    this.#before.set(settings.collection, about);
    if (before === undefined || before === about) return;
    if (cut && this.#happens(cutting)) this.#blind();
    if (moved && isFilled && this.#happens(leaving)) this.#narrow(moved);
  }

  /** Whoever hands over has all replicas fenced first. */
  onCommit(point: CommitPoint): void {
    if (stepOf(point) === "standing") this.#onHandover?.();
  }

  /** All nodes but one lose sight of the map, and perhaps of each other. */
  #blind(): void {
    const { nodes, random, storeName, network } = this.#parts;
    const all = [...nodes()].sort();
    const seeing = this.#happens(firstShare) ? all[0] : all[randomBelow(random, all.length)];
    const blind = all.filter((name) => name !== seeing);
    const unseen = blind.map((name): Link => [name, storeName]);
    const isApart = this.#happens(apartShare);
    const links = isApart ? [...unseen, ...pairs(blind)] : unseen;
    const begin = (): Fault => {
      cutAll(network, links);
      return { where: blind.join(", "), mend: () => healAll(network, links) };
    };
    const lastsMsMax = isApart ? apartMsMax : blindMsMax;
    this.strike({ name: isApart ? "blinded_apart" : "blinded", weight: 0, lastsMsMax, begin });
  }

  /** A node without a replica of the shard, which does not move it either, reaches nobody but who is to go, until that hands over. */
  #narrow({ replicas }: ShardPlaces): void {
    const { nodes, random, leaving, network } = this.#parts;
    const all = [...nodes()].sort();
    const going = leaving() ?? replicas[randomBelow(random, replicas.length)]?.node;
    const outside = all.slice(1).filter((name) => !replicas.some(({ node }) => node === name));
    const narrowed = outside[randomBelow(random, Math.max(1, outside.length))];
    if (narrowed === undefined || going === undefined) return;
    const others = all.filter((name) => name !== narrowed && name !== going);
    const links = others.map((name): Link => [narrowed, name]);
    const last: Link = [narrowed, going];
    const nodesThen = replicas.map(({ node }) => node).join();
    const begin = (): Fault | undefined => {
      if (this.#onHandover) return undefined;
      cutAll(network, links);
      // What is written there once that has begun to hand over is nobody's but its own, and its coordinator's.
      this.#onHandover = () => network.cut(...last);
      return { where: `${narrowed}, but for ${going}`, mend };
    };
    const mend = async (): Promise<void> => {
      if (this.#handing === nodesThen) await this.#handedOver();
      this.#onHandover = undefined;
      // What was sent meanwhile is lost: the others would have it without a handover.
      for (const link of [...links, last]) network.reset(...link);
      healAll(network, [...links, last]);
    };
    this.strike({ name: "narrowed", weight: 0, lastsMsMax: narrowMsMax, begin });
  }

  #handedOver(): Promise<void> {
    return new Promise((resolve) => (this.#onHandedOver = resolve));
  }

  #happens(chance: number): boolean {
    return chance > 0 && randomFraction(this.#parts.random) < chance;
  }
}

function cutAll(network: MemoryNetwork, links: readonly Link[]): void {
  for (const link of links) network.cut(...link);
}

function healAll(network: MemoryNetwork, links: readonly Link[]): void {
  for (const link of links) network.heal(...link);
}

function pairs(names: readonly string[]): Link[] {
  return names.flatMap((one, at) => names.slice(at + 1).map((other): Link => [one, other]));
}
