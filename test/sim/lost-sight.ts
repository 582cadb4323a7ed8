/**
 * Links that are lost exactly when the map of a collection changes, and for as long as it takes: nodes that do not
 * see a cut, nor each other, while another one makes it; and, while a replica is to go, a node that reaches nobody
 * else. Chance, and nothing else, decides when it happens.
 */
import { randomBelow, randomFraction } from "../../src/base/index.js";
import type { MemoryNetwork, Random } from "../../src/base/index.js";
import { isCutting } from "../../src/cluster/index.js";
import type { CollectionMap, ShardPlaces } from "../../src/cluster/index.js";
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

  constructor(parts: LostSightParts) {
    this.#parts = parts;
  }

  onMap({ settings, shards }: CollectionMap): void {
    const { cutting = 0, leaving = 0 } = this.#parts.chances;
    const cut = shards.find(isCutting);
    const moved = shards.find(({ replicas }) => replicas.length > settings.replication_factor);
    const isFilled = moved?.replicas.every(({ state }) => state === "active") === true;
    const about = `${cut?.id ?? ""} ${isFilled ? moved.id : ""}`;
    const before = this.#before.get(settings.collection);
    this.#before.set(settings.collection, about);
    if (before === undefined || before === about) return;
    if (cut && this.#happens(cutting)) this.#blind();
    if (moved && isFilled && this.#happens(leaving)) this.#narrow(moved);
  }

  /** All nodes but one lose sight of the map, and perhaps of each other. */
  #blind(): void {
    const { nodes, random, storeName } = this.#parts;
    const all = [...nodes()].sort();
    const seeing = this.#happens(firstShare) ? all[0] : all[randomBelow(random, all.length)];
    const blind = all.filter((name) => name !== seeing);
    const unseen = blind.map((name): Link => [name, storeName]);
    if (!this.#happens(apartShare)) this.#lose("blinded", blindMsMax, unseen);
    else this.#lose("blinded_apart", apartMsMax, [...unseen, ...pairs(blind)]);
  }

  /** A node without a replica of the shard, which does not move it either, reaches nobody but who is to go. */
  #narrow({ replicas }: ShardPlaces): void {
    const { nodes, random, leaving } = this.#parts;
    const all = [...nodes()].sort();
    const going = leaving() ?? replicas[randomBelow(random, replicas.length)]?.node;
    const outside = all.slice(1).filter((name) => !replicas.some(({ node }) => node === name));
    const narrowed = outside[randomBelow(random, Math.max(1, outside.length))];
    if (narrowed === undefined || going === undefined) return;
    const others = all.filter((name) => name !== narrowed && name !== going);
    const links = others.map((name): Link => [narrowed, name]);
    // What was sent meanwhile is lost: the others would have it without a handover.
    const onMend = (): void =>
      links.forEach(([one, other]) => this.#parts.network.reset(one, other));
    this.#lose("narrowed", narrowMsMax, links, onMend);
  }

  #lose(name: string, lastsMsMax: number, links: readonly Link[], onMend = nothing): void {
    const { network } = this.#parts;
    const mend = (): void => {
      onMend();
      for (const [one, other] of links) network.heal(one, other);
    };
    const begin = (): Fault => {
      for (const [one, other] of links) network.cut(one, other);
      return { where: links.map((link) => link.join("-")).join(", "), mend };
    };
    this.strike({ name, weight: 0, lastsMsMax, begin });
  }

  #happens(chance: number): boolean {
    return chance > 0 && randomFraction(this.#parts.random) < chance;
  }
}

const nothing = (): void => undefined;

function pairs(names: readonly string[]): Link[] {
  return names.flatMap((one, at) => names.slice(at + 1).map((other): Link => [one, other]));
}
