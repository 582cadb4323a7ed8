/**
 * How many rows of a shard there are, from replicas that differ in a few of them, as they do while it is
 * written: where the leaves of their Merkle trees are equal, the count of each is right; of the other
 * buckets ids and versions are compared. An id is always in the same bucket, so that each is counted once.
 */
import type { AskResult } from "../../runtime/index.js";
import type { BucketCounts, VersionedRows } from "../replica/replication-messages.js";
import { differingBuckets } from "../repair/difference.js";
import { idName } from "../repair/versioned-rows.js";
import type { ReplicaAccess } from "../replicas/access.js";
import type { ReadRun } from "./read-parts.js";

/** With more buckets that differ, a walk over the rows costs no more. */
const bucketsMax = 1024;

/** What these replicas have together; undefined when that cannot be told so. */
export async function countByBuckets(
  run: ReadRun,
  replicas: readonly ReplicaAccess[],
): Promise<number | undefined> {
  const states = await askAll<BucketCounts>(run, replicas, { type: "bucket_counts" });
  const [first, ...others] = states ?? [];
  if (!first) return undefined;
  const buckets = [
    ...new Set(others.flatMap(({ leaves }) => differingBuckets(first.leaves, leaves))),
  ];
  if (buckets.length > bucketsMax) return undefined;
  const isOpen = new Set(buckets);
  const equal = first.counts.reduce((sum, one, bucket) => sum + (isOpen.has(bucket) ? 0 : one), 0);
  if (buckets.length === 0) return equal;
  const question = { type: "bucket_entries", buckets: Uint16Array.from(buckets) } as const;
  const held = await askAll<VersionedRows>(run, replicas, question);
  return held && equal + liveOf(held);
}

/** Undefined when one of them does not answer. */
async function askAll<Answer>(
  run: ReadRun,
  replicas: readonly ReplicaAccess[],
  message: Parameters<ReplicaAccess["ask"]>[0],
): Promise<readonly Answer[] | undefined> {
  const ends: AskResult<Answer | undefined>[] = await Promise.all(
    replicas.map((one) => one.ask<Answer | undefined>(message, Math.max(1, run.leftMs))),
  );
  const answers = ends.flatMap((end) => (end.outcome === "ok" && end.value ? [end.value] : []));
  return answers.length === replicas.length ? answers : undefined;
}

/** Ids whose newest state is a row. */
function liveOf(held: readonly VersionedRows[]): number {
  const newest = new Map<string, { readonly version: string; readonly live: number }>();
  for (const { ids, versions, live } of held) {
    versions.forEach((version, index) => {
      const id = idName(ids, index);
      const known = newest.get(id);
      if (known && known.version >= version) return;
      newest.set(id, { version, live: live[index] ?? 0 });
    });
  }
  return [...newest.values()].reduce((sum, { live }) => sum + live, 0);
}
