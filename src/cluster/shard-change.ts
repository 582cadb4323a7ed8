/** What a change of one shard makes of the map of its collection. */
import type { CollectionMap, ShardPlaces } from "./cluster-map.js";

/** The shards, one or two, that take the place of one; undefined: nothing changes. */
export type ShardChange = (
  now: ShardPlaces,
  map: CollectionMap,
) => ShardPlaces | readonly ShardPlaces[] | undefined;

/** The map with a shard replaced; undefined when there is nothing to change. See `ClusterView.changeShard`. */
export function withShardChanged(
  map: CollectionMap,
  shard: number,
  change: ShardChange,
): CollectionMap | undefined {
  const now = map.shards.find(({ id }) => id === shard);
  const then = now && change(now, map);
  if (!then) return undefined;
  const put = "id" in then ? [then] : then;
  const shards = map.shards.flatMap((one) => (one === now ? put : one));
  if (map.ids_given === undefined && shards.every(({ split }) => !split)) return { ...map, shards };
  return { ...map, shards, ids_given: idsGiven({ ...map, shards }) };
}

/** The first id that no shard of the collection, and no half, ever had. */
export function idsGiven({ shards, ids_given = 0 }: CollectionMap): number {
  const ids = shards.flatMap(({ id, split }) => [id, ...(split?.into ?? [])]);
  return Math.max(ids_given, ...ids.map((id) => id + 1));
}
