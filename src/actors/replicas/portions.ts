/** Which of many rows lie in which shard. */
import { hashOfId, shardOfHash } from "../../cluster/index.js";
import type { ShardPlaces } from "../../cluster/index.js";
import { idAt, idCount } from "../replica/packed-rows.js";

/** Rows, by position, that lie in one shard. */
export interface Portion {
  readonly shard: number;
  readonly positions: readonly number[];
}

/** One portion for each shard that the ids touch, in order of shards. */
export function portionsOf(ids: Uint8Array, shards: readonly ShardPlaces[]): readonly Portion[] {
  const count = idCount(ids);
  if (shards.length === 1 || count === 0) {
    const [only] = shards as readonly [ShardPlaces];
    return [{ shard: only.id, positions: Array.from({ length: count }, (_, index) => index) }];
  }
  const found = new Map<number, number[]>();
  for (let index = 0; index < count; index++) {
    const { id } = shardOfHash(shards, hashOfId(idAt(ids, index)));
    const known = found.get(id);
    if (known) known.push(index);
    else found.set(id, [index]);
  }
  return [...found].sort(([a], [b]) => a - b).map(([shard, positions]) => ({ shard, positions }));
}
