/**
 * When a replica that is being filled has enough to count as one of its shard.
 *
 * Whatever was acknowledged by a majority of m of n members is, even if the filled replica was one of
 * them and lost it, on m - 1 others. Of the n - 1 others, any n - m + 1 include one of those. So it has to
 * have everything that as many active members had, each fenced first: what reaches them later, sent by
 * who still counts the lost replica, is refused by them.
 */
import { majorityOf, neededFor } from "../../cluster/index.js";
import type { ShardPlaces } from "../../cluster/index.js";

/** How many active replicas it must have been filled from. */
export function readsNeeded(shard: ShardPlaces): number {
  return neededFor("ALL", shard) - majorityOf(shard) + 1;
}

/**
 * Nodes whose replicas lost their data as well, when for that reason too few are left that `self` could ever
 * be filled from; none otherwise.
 */
export function lostWith(shard: ShardPlaces, self: string): readonly string[] {
  const others = shard.replicas.filter(({ node }) => node !== self);
  const active = others.filter(({ state }) => state === "active");
  if (active.length >= readsNeeded(shard)) return [];
  return others.filter(({ state }) => state === "recovering").map(({ node }) => node);
}

/** Whether `read`, nodes that it was filled from while the shard had its epoch, are enough. */
export function isEnough(shard: ShardPlaces, self: string, read: ReadonlySet<string>): boolean {
  const counted = shard.replicas.filter(
    ({ node, state }) => state === "active" && node !== self && read.has(node),
  );
  return counted.length >= readsNeeded(shard);
}

/** The shard once `self` counts; undefined when it has changed since `seen`, or counts already. */
export function withActive(
  now: ShardPlaces,
  seen: ShardPlaces,
  self: string,
): ShardPlaces | undefined {
  const place = now.replicas.find(({ node }) => node === self);
  const before = seen.replicas.find(({ node }) => node === self);
  if (now.epoch !== seen.epoch || !place || place.state === "active") return undefined;
  if (place.identity !== before?.identity) return undefined;
  const replicas = now.replicas.map((one) =>
    one === place ? { ...place, state: "active" as const } : one,
  );
  return { ...now, replicas, epoch: now.epoch + 1 };
}
