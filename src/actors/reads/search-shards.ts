/**
 * The page of a search over shards: what each found, merged. Where many rows are skipped, they come without
 * contents, and those of the page are read by their ids; if one of these was replaced meanwhile, the
 * search begins anew.
 */
import type { NormalSearch, RawRow } from "../../protocol/index.js";
import type { ShardAccess } from "../replicas/access.js";
import { getFromShards } from "./get-from-shards.js";
import { repeatsMax } from "./read-parts.js";
import type { ReadRun } from "./read-parts.js";
import { nearerFirst, searchShard } from "./shard-search.js";
import type { ShardHits } from "./shard-search.js";

export interface FoundPage {
  readonly rows: readonly RawRow[];
  /** What each shard found. */
  readonly parts: readonly ShardHits[];
}

/** With fewer rows skipped, one more question costs more than their contents. */
const skippedMin = 100;

/** Errors: those of the search. */
export async function searchShards(
  run: ReadRun,
  shards: readonly ShardAccess[],
  request: NormalSearch,
): Promise<FoundPage> {
  const hasContents = request.include_vectors || request.include_metadata;
  if (!hasContents || request.offset < skippedMin) return pageOf(run, shards, request);
  const bare = { ...request, include_vectors: false, include_metadata: false };
  for (let repeats = 0; repeats <= repeatsMax; repeats++) {
    const { rows: hits, parts } = await pageOf(run, shards, bare);
    const rows = await withContents(run, shards, request, hits);
    if (rows) return { rows, parts };
  }
  return pageOf(run, shards, request);
}

async function pageOf(
  run: ReadRun,
  shards: readonly ShardAccess[],
  request: NormalSearch,
): Promise<FoundPage> {
  const parts = await Promise.all(shards.map((shard) => searchShard(run, shard, request)));
  const found = parts.flatMap(({ rows }) => rows).sort(nearerFirst);
  return { rows: found.slice(request.offset, request.offset + request.top_k), parts };
}

/** Undefined when one of them is not what was found any more. */
async function withContents(
  run: ReadRun,
  shards: readonly ShardAccess[],
  request: NormalSearch,
  hits: readonly RawRow[],
): Promise<readonly RawRow[] | undefined> {
  const { collection, consistency_level, timeout_ms, after } = request;
  const { include_vectors, include_metadata } = request;
  const found = await getFromShards(run, shards, {
    ...{ operation: "get", ids: hits.map(({ id }) => id) },
    ...{ collection, consistency_level, timeout_ms, after, include_vectors, include_metadata },
  });
  const rows = hits.flatMap(({ id, version, distance }) => {
    const row = found.get(id);
    return row?.version === version
      ? [{ ...row, ...(distance !== undefined && { distance }) }]
      : [];
  });
  return rows.length === hits.length ? rows : undefined;
}
