/**
 * What all replicas of a shard are known to have, and the tombstones that nobody needs any more.
 *
 * Why a row that is unknown here and not newer than the drop horizon may be ignored: when the horizon was
 * set, every replica had everything up to it, this one too. If the row is not here, it was deleted, and its
 * tombstone was dropped. No write of such a version can still be under way, for the horizon is far
 * older than any operation lasts; what comes is an echo (a hint, a replica that was away) of what was
 * deleted. A replica that has not everything yet has no horizon, and takes all.
 */
import { invalid, uuidBytes } from "../../base/index.js";
import { isVersion } from "../../consistency/index.js";
import type { GroupPlan } from "./group-plan.js";
import { forgetRow } from "./row-change.js";
import type { Work } from "./write-queue.js";

/** Tombstones looked at in one commit. */
const sliceTombstones = 4096;

export function convergedWork(version: string, drop: string | undefined): Work<void> {
  return {
    bytes: 0,
    plan: ({ replication }) => {
      for (const one of [version, drop ?? version]) {
        if (!isVersion(one)) throw invalid("not a version of this store", "version");
      }
      if ((drop ?? "") > version) throw invalid("what has not converged is not dropped", "drop");
      replication.raise({ converged: version, dropped: drop ?? "" });
      return () => undefined;
    },
  };
}

/** Drops some tombstones with ids above `after`; the id that it came to, undefined at the end. */
export function dropWork(after: Uint8Array | undefined): Work<Uint8Array | undefined> {
  return { bytes: sliceTombstones * uuidBytes, plan: (group) => dropSome(group, after) };
}

function dropSome(group: GroupPlan, after: Uint8Array | undefined): () => Uint8Array | undefined {
  const { dropped } = group.replication.standing;
  let count = 0;
  for (const { id, version } of group.tombstones(after)) {
    if (count++ === sliceTombstones) break;
    after = id;
    if (version > dropped) continue;
    const change = group.rows.of(id);
    if ((change.afterTombstone ?? "") === version) forgetRow(change);
  }
  const next = count > sliceTombstones ? after : undefined;
  return () => next;
}
