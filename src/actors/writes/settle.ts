/** What became of a write that is given up, and of which no replica has said that it took it. */
import { sleep } from "../../base/index.js";
import { counted } from "../replicas/access.js";
import { Reach } from "../replicas/reach.js";
import { askOutcomes } from "./outcomes.js";
import { shardEnd } from "./shard-end.js";
import type { ShardEnd } from "./shard-end.js";
import { settleMs, shardOf, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";
import type { Operation } from "./operation.js";

const retryMs = 20;

/**
 * Asks all replicas that count, after nothing more is sent to them. Undefined: certainly nothing is stored,
 * as a replica handles what it is asked in order, and answers for what it has under way. Errors: `TIMEOUT`
 * when some did not say, and no other has it.
 */
export async function settle(
  parts: WriteParts,
  operation: Operation,
  shardId: number,
): Promise<ShardEnd | undefined> {
  const { clock } = parts;
  const endMs = clock.monotonic() + settleMs;
  const reach = new Reach(clock);
  while (clock.monotonic() < endMs) {
    const shard = shardOf(parts, shardId);
    const { done, isComplete } = await askOutcomes(shard, operation.id);
    if (done.length > 0) return shardEnd(shardId, "partial", done);
    if (isComplete) return undefined;
    if (reach.isLost(counted(shard).every((one) => one.isAlive()))) break;
    await sleep(clock, retryMs);
  }
  throw unknownOutcome();
}
