/**
 * Reads and the map they go by. A read asks the shards of one map; when one of them was split before it
 * had answered, the read begins anew by the next map: of the old shard it is not answered any more, so
 * that it never misses what its successors took.
 */
import { DvespError, sleep } from "../../base/index.js";
import { readCommitToken } from "../../consistency/index.js";
import type { CommitPoint } from "../../consistency/index.js";
import type { ShardAccess } from "../replicas/access.js";
import type { NormalRead } from "../searcher/messages.js";
import type { SharedReadParts } from "./read-parts.js";

const lookMs = 5;

/** What `read` comes to by the shards of a map that stayed as it was as long as it lasted. */
export async function onOneMap<Answer>(
  { access }: Pick<SharedReadParts, "access">,
  read: (shards: readonly ShardAccess[]) => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const before = access.shards();
    try {
      return await read(before);
    } catch (error) {
      const now = new Set(access.shards().map(({ shard }) => shard.id));
      if (before.every(({ shard }) => now.has(shard.id))) throw error;
    }
  }
}

/**
 * Resolves when the map here has the shards of the writes that the read is to see: whether that had to be
 * waited for. Errors: `TIMEOUT` when it has them too late: by an older map the read would miss those writes.
 */
export async function untilMapped(
  { access, clock }: Pick<SharedReadParts, "access" | "clock">,
  request: NormalRead,
): Promise<boolean> {
  const reads = request.operation === "search_batch" ? request.queries : [request];
  const points = reads.flatMap((one) => pointOf(one, access.settings.collection));
  if (points.length === 0) return false;
  const newest = Math.max(...points.flatMap(({ shards }) => shards));
  const endMs = clock.monotonic() + Math.max(...reads.map((one) => one.timeout_ms));
  // Ids only grow: a smaller one that is not there was split, and its successors have what it had.
  const isMapped = (): boolean => access.shards().some(({ shard }) => shard.id >= newest);
  if (isMapped()) return false;
  while (!isMapped()) {
    if (clock.monotonic() >= endMs)
      throw new DvespError("TIMEOUT", "the write is not seen here yet");
    await sleep(clock, lookMs);
  }
  return true;
}

/** A token that is none is refused where it is looked at. */
function pointOf(
  { after }: { readonly after?: string | undefined },
  collection: string,
): CommitPoint[] {
  if (after === undefined) return [];
  try {
    return [readCommitToken(after, collection)];
  } catch {
    return [];
  }
}
