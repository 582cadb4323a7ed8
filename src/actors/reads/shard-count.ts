/**
 * How many rows of one shard there are, at a level. Replicas whose Merkle roots are equal hold the
 * same, so the count of each is right. While they differ no count is, and what differs is compared: by the
 * buckets of their Merkle trees, or, with a filter, row by row.
 */
import { limits, sleep } from "../../base/index.js";
import type { NormalCount, NormalScroll } from "../../protocol/index.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { ReplicaCount } from "../searcher/replica-answer.js";
import { askReplicas } from "./ask-replicas.js";
import type { ReadRun } from "./read-parts.js";
import { countByBuckets } from "./count-buckets.js";
import { cursorAfter, scrollShard } from "./shard-scroll.js";

/** Replicas that differ only by writes under way are soon equal. */
const looks = 3;
const lookAgainMs = 5;

export async function countShard(
  run: ReadRun,
  shard: ShardAccess,
  request: NormalCount,
): Promise<number> {
  let asked: readonly ReplicaAccess[] = [];
  for (let look = 0; look < looks; look++) {
    if (look > 0) await sleep(run.parts.clock, lookAgainMs);
    const answers = await askReplicas<ReplicaCount>(run, shard, {
      type: "read_raw",
      request,
    });
    asked = answers.map(({ replica }) => replica);
    const [first] = answers;
    if (first && answers.every(({ answer }) => answer.root === first.answer.root)) {
      return first.answer.count;
    }
  }
  const counted = request.filter ? undefined : await countByBuckets(run, asked);
  return counted ?? countByWalk(run, shard, request);
}

async function countByWalk(
  run: ReadRun,
  shard: ShardAccess,
  request: NormalCount,
): Promise<number> {
  const bare = { include_vectors: false, include_metadata: false };
  let count = 0;
  let cursor: string | undefined;
  for (;;) {
    const page: NormalScroll = {
      ...request,
      ...bare,
      operation: "scroll",
      limit: limits.pageRowsMax,
      cursor,
    };
    const { rows, more } = await scrollShard(run, shard, page);
    count += rows.length;
    const last = rows.at(-1);
    if (!more || !last) return count;
    cursor = cursorAfter(last.id);
  }
}
