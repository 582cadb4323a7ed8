/**
 * The next change of a shard's replicas, if any, from where they are and where rendezvous hashing wants
 * them (placement.ts). One at a time: a replica is added, filled, and counts; only then another one
 * goes. So the shard never has fewer replicas than it should, and of two maps that follow each other
 * any two majorities meet.
 */
import { hasReplicaOn, placeShard } from "../../cluster/index.js";
import type { ShardPlaces } from "../../cluster/index.js";

export interface MoveFacts {
  readonly collection: string;
  readonly replication_factor: number;
  readonly shard: ShardPlaces;
  /** Nodes that may hold replicas, whether they run now or not. */
  readonly places: readonly string[];
  readonly isAlive: (node: string) => boolean;
}

export interface Move {
  /** `add`: joins, to be filled. `withdraw`: joins no more. `retire`: hands over what it has and goes. */
  readonly type: "add" | "withdraw" | "retire";
  readonly collection: string;
  readonly shard: number;
  readonly node: string;
}

export function decideMove(facts: MoveFacts): Move | undefined {
  const { collection, replication_factor: count, shard, places, isAlive } = facts;
  if (places.length < count) return undefined;
  const wanted = new Set(placeShard(collection, shard.id, places, count));
  const { replicas } = shard;
  const move = (type: Move["type"], node: string): Move => ({
    ...{ type, collection, shard: shard.id, node },
  });
  const joining = replicas.filter(({ state }) => state === "joining");
  const idle = joining.find(({ node }) => !wanted.has(node));
  if (idle) return move("withdraw", idle.node);
  if (joining.length > 0 || replicas.some(({ state }) => state === "recovering")) return undefined;
  const surplus = replicas.filter(({ node }) => !wanted.has(node));
  if (replicas.length > count && surplus[0]) return move("retire", surplus[0].node);
  const held = new Set(replicas.map(({ node }) => node));
  const missing = [...wanted].find((node) => !held.has(node) && isAlive(node));
  return replicas.length <= count && missing !== undefined ? move("add", missing) : undefined;
}

/** Whether replicas of the shard are being moved now. */
export function isMoving({ replicas }: ShardPlaces, count: number): boolean {
  return replicas.length > count || replicas.some(({ state }) => state === "joining");
}

/** The shard with one more replica, empty and without a say; undefined when there is nothing to add. */
export function withJoining(now: ShardPlaces, node: string): ShardPlaces | undefined {
  if (hasReplicaOn(now, node)) return undefined;
  const place = { node, state: "joining" as const, identity: "" };
  return { ...now, replicas: [...now.replicas, place], epoch: now.epoch + 1 };
}

/** The shard without a node's replica, if it is as it was at `epoch`. */
export function without(now: ShardPlaces, node: string, epoch: number): ShardPlaces | undefined {
  if (now.epoch !== epoch) return undefined;
  const replicas = now.replicas.filter((one) => one.node !== node);
  return replicas.length === now.replicas.length
    ? undefined
    : { ...now, replicas, epoch: epoch + 1 };
}
