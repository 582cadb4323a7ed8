/** What became of a write whose time is over and of which no replica has said that it took it. */
import { sleep } from "../../base/index.js";
import { askOutcomes } from "./outcomes.js";
import { shardEnd } from "./shard-end.js";
import type { ShardEnd } from "./shard-end.js";
import { settleMs, shardOf, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";
import type { Operation } from "./operation.js";

const retryMs = 20;

/**
 * Asks all replicas that count. Undefined: certainly nothing is stored. Errors: `TIMEOUT` when some did
 * not say, and no other has it.
 */
export async function settle(
  parts: WriteParts,
  operation: Operation,
  shardId: number,
): Promise<ShardEnd | undefined> {
  const { clock } = parts;
  const endMs = clock.monotonic() + settleMs;
  while (clock.monotonic() < endMs) {
    const { done, isComplete } = await askOutcomes(shardOf(parts, shardId), operation.id);
    if (done.length > 0) return shardEnd(shardId, "partial", done);
    if (isComplete) return undefined;
    await sleep(clock, retryMs);
  }
  throw unknownOutcome();
}
