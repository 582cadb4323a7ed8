/**
 * How one shard of the map becomes two: pure changes, one after the other, each made only from the one
 * before it.
 *
 * While it is `filling`, the shard serves as ever and each of its nodes fills two further replicas, its
 * halves, from its own replica. While it is `cutting`, nobody begins to write. Then the two take its place,
 * with ids of their own: nothing that was meant for the one can be taken for one of the two.
 */
import { idsGiven } from "./shard-change.js";
import type { CollectionMap, ReplicaPlace, ShardPlaces } from "./cluster-map.js";

/** The names of the data of both halves on each node. */
export type HalfIdentities = ReadonlyMap<string, readonly [string, string]>;

/** Whether the map has the shard split at some time: nothing else of it changes meanwhile. */
export function isSplitting({ split }: ShardPlaces): boolean {
  return split !== undefined;
}

/** Whether the shard is about to be replaced: who wants to write waits for that. */
export function isCutting({ split }: ShardPlaces): boolean {
  return split?.phase === "cutting";
}

/** The shard with halves to be filled; undefined when it is split already, or holds one hash only. */
export function withSplit(
  now: ShardPlaces,
  map: CollectionMap,
  name: string,
): ShardPlaces | undefined {
  if (now.split || now.to - now.from < 2) return undefined;
  const at = now.from + Math.floor((now.to - now.from) / 2);
  const next = idsGiven(map);
  return { ...now, split: { name, at, into: [next, next + 1], phase: "filling" } };
}

/** The shard about to be replaced, if it is as it was at `epoch`. */
export function withCut(now: ShardPlaces, epoch: number): ShardPlaces | undefined {
  if (now.epoch !== epoch || now.split?.phase !== "filling") return undefined;
  return { ...now, epoch: epoch + 1, split: { ...now.split, phase: "cutting" } };
}

/** The shard as it was before, if it was about to be replaced at `epoch`: its halves are filled further. */
export function withCutTakenBack(now: ShardPlaces, epoch: number): ShardPlaces | undefined {
  if (now.epoch !== epoch || now.split?.phase !== "cutting") return undefined;
  return { ...now, epoch: now.epoch + 1, split: { ...now.split, phase: "filling" } };
}

/** The shard without its halves; undefined while they may take its place. */
export function withoutSplit(now: ShardPlaces): ShardPlaces | undefined {
  if (now.split?.phase !== "filling") return undefined;
  return unsplit(now);
}

/** The shard as if nothing were to become of it. */
export function unsplit({ id, from, to, epoch, replicas }: ShardPlaces): ShardPlaces {
  return { id, from, to, epoch, replicas };
}

/** The two that take its place, if it is as it was at `epoch`, about to be replaced. */
export function cutInTwo(
  now: ShardPlaces,
  epoch: number,
  identities: HalfIdentities,
): readonly [ShardPlaces, ShardPlaces] | undefined {
  const { split, replicas, from, to } = now;
  if (now.epoch !== epoch || split?.phase !== "cutting") return undefined;
  if (!replicas.every(({ node, state }) => state === "active" && identities.has(node))) {
    return undefined;
  }
  const places = (half: 0 | 1): ReplicaPlace[] =>
    replicas.map(({ node }) => ({
      ...{ node, state: "active" },
      identity: identities.get(node)?.[half] ?? "",
    }));
  const [first, second] = split.into;
  return [
    { id: first, from, to: split.at, epoch: epoch + 2, replicas: places(0) },
    { id: second, from: split.at, to, epoch: epoch + 2, replicas: places(1) },
  ];
}
