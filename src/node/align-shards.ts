/** Brings the shards of a collection that are open on a node in line with the map. */
import type { CollectionTree } from "../actors/index.js";
import { hasReplicaOn } from "../cluster/index.js";
import type { ClusterView, CollectionMap, ShardPlaces } from "../cluster/index.js";
import type { Catalog } from "./catalog.js";

export interface AlignParts {
  readonly view: ClusterView;
  readonly catalog: Catalog;
  /**
   * Called before a shard is opened, and for open ones when the map changes: whether the data here is
   * what the map counts on. `close` stops the shard's actors.
   */
  readonly claim: (map: CollectionMap, shard: number, close: () => Promise<void>) => Promise<void>;
}

/** Errors: why a shard cannot be opened. */
export async function alignShards(
  { view, catalog, claim }: AlignParts,
  map: CollectionMap,
  tree: CollectionTree,
): Promise<void> {
  const { collection } = map.settings;
  const here = shardsOn(view.self, map);
  for (const { id } of here) await claim(map, id, () => tree.shards.close(id));
  // The map may be older by now, and halves be filled that it does not know of.
  const isGone = (id: number): boolean =>
    [map, view.collection(collection)].every((one) => !one || !isUsedOn(view.self, one, id));
  // Before what takes its place is shown: nobody reads here what others have replaced.
  for (const id of tree.shards.ids()) if (isGone(id)) await tree.shards.close(id);
  for (const { id } of here) await tree.shards.open(id);
  for (const id of await catalog.shardsOf(collection)) {
    if (isGone(id)) await catalog.clearShard(collection, id);
  }
}

function shardsOn(node: string, { shards }: CollectionMap): ShardPlaces[] {
  return shards.filter((shard) => hasReplicaOn(shard, node));
}

/** Whether a shard with this id, or a half that is filled for it, belongs on the node. */
function isUsedOn(node: string, map: CollectionMap, id: number): boolean {
  return shardsOn(node, map).some((one) => one.id === id || one.split?.into.includes(id));
}
