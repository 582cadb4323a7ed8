/** Rows by their ids, each from the shard that holds it. */
import { packUuids, present } from "../../base/index.js";
import type { NormalGet, RawRow } from "../../protocol/index.js";
import type { ShardAccess } from "../replicas/access.js";
import { portionsOf } from "../replicas/portions.js";
import type { ReadRun } from "./read-parts.js";
import { getFromShard } from "./shard-get.js";

/** Those that are there, by their ids. */
export async function getFromShards(
  run: ReadRun,
  shards: readonly ShardAccess[],
  request: NormalGet,
): Promise<ReadonlyMap<string, RawRow>> {
  const places = shards.map(({ shard }) => shard);
  const parts = await Promise.all(
    portionsOf(packUuids(request.ids), places).map(({ shard: id, positions }) => {
      const shard = present(
        shards.find((one) => one.shard.id === id),
        "a shard",
      );
      const ids = positions.map((position) => present(request.ids[position], "an id"));
      return getFromShard(run, shard, { ...request, ids });
    }),
  );
  return new Map(parts.flat().map((row) => [row.id, row]));
}
