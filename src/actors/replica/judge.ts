/** Why a replica refuses what would change what it has promised, or what a newer map or version forbids. */
import type { GroupPlan } from "./group-plan.js";
import type { Refusal } from "./replication-messages.js";

/** Who asks with an older map than this replica was fenced with. */
export function staleMap({ replication }: GroupPlan, epoch: number): Refusal | undefined {
  const inForce = replication.standing.epoch;
  return epoch < inForce ? { refused: "stale", epoch: inForce } : undefined;
}

/**
 * A version that is not the newest of all ids any more: one of them has, or was promised, a larger one, or
 * it lies below what this replica may have forgotten (its floor, and tombstones that were dropped).
 */
export function isBehind(group: GroupPlan, ids: Uint8Array, version: string): Refusal | undefined {
  const { floor, dropped } = group.replication.standing;
  const claims = [floor, dropped, group.writes.newestOf(ids), group.replication.newestPromise(ids)];
  const newest = claims.reduce((best, one) => (one > best ? one : best));
  return newest > version ? { refused: "behind", version: newest } : undefined;
}

/** Some of the ids are held by batches that are not decided yet. */
export function isStaged({ replication }: GroupPlan, ids: Uint8Array): Refusal | undefined {
  const holding = replication.stagesHolding(ids);
  return holding.length > 0 ? { refused: "staged", operation_ids: holding } : undefined;
}
