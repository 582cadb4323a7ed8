/** The rows that match a filter, with their versions, page by page: for deletes by filter. */
import { limits, packUuids } from "../../base/index.js";
import type { MatchQuestion } from "../writes/filter-delete.js";
import type { ReadCoordinator } from "./read-coordinator.js";

/** Errors: those of a scroll. */
export async function findByScroll(
  reads: ReadCoordinator,
  collection: string,
  { filter, level, timeoutMs, limit }: MatchQuestion,
): Promise<{ readonly ids: Uint8Array; readonly versions: readonly string[] }> {
  const ids: string[] = [];
  const versions: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await reads.read({
      operation: "scroll",
      ...{ collection, filter, cursor, after: undefined },
      consistency_level: level,
      timeout_ms: timeoutMs,
      limit: Math.min(limits.pageRowsMax, limit - ids.length),
      ...{ include_vectors: false, include_metadata: false },
    });
    for (const { id, version } of page.vectors) {
      ids.push(id);
      versions.push(version);
    }
    cursor = page.next_cursor;
  } while (cursor !== undefined && ids.length < limit);
  return { ids: packUuids(ids), versions };
}
