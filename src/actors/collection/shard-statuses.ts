/**
 * What the replicas of a shard say of themselves, the one that has seen the newest write first. A write
 * is acknowledged before every replica has it, so which of them answers first must not decide what a
 * caller is told of a write of its own.
 */
import { compareVersions } from "../../consistency/index.js";
import { answerOf } from "../../runtime/index.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { ShardStatus } from "../shard/messages.js";

const statusMs = 10_000;

/**
 * Of each replica that answers, those that count before those still being filled. Errors: why the first
 * did not answer when none did.
 */
export async function askStatuses({ replicas }: ShardAccess): Promise<ShardStatus[]> {
  const alive = replicas.filter((one) => one.isAlive());
  const ends = await Promise.all(alive.map((one) => one.status(statusMs)));
  const heard = ends.flatMap((end, at) =>
    end.outcome === "ok" ? [{ status: end.value, rank: rankOf(alive[at]) }] : [],
  );
  if (heard.length === 0 && ends[0]) return [answerOf(ends[0], "the replica")];
  heard.sort(
    (a, b) =>
      a.rank - b.rank || compareVersions(b.status.applied_version, a.status.applied_version),
  );
  return heard.map(({ status }) => status);
}

function rankOf(replica: ReplicaAccess | undefined): number {
  return replica?.place.state === "active" ? 0 : 1;
}
