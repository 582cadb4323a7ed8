/** What became of a write that is given up, and of which no replica has said that it took it. */
import { sleep } from "../../base/index.js";
import { neededFor } from "../../cluster/index.js";
import type { WriteOutcome } from "../replica/messages.js";
import { counted } from "../replicas/access.js";
import { Reach } from "../replicas/reach.js";
import { askOutcomes } from "./outcomes.js";
import type { Acknowledged } from "./round.js";
import { shardEnd } from "./shard-end.js";
import type { ShardEnd } from "./shard-end.js";
import { settleMs, shardAt, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";
import type { Operation } from "./operation.js";

const retryMs = 20;

/**
 * Asks all replicas that count of the shard that holds `place`, after nothing more is sent to them. `wasDecided`:
 * it was staged by a majority and decided, in a shard that was split since: all replicas have it.
 * Undefined: certainly nothing is stored, as a replica handles what it is asked in order, and answers for
 * what it has under way. Errors: `TIMEOUT` when some did not say, and no other has it.
 */
export async function settle(
  parts: WriteParts,
  operation: Operation,
  place: number,
  wasDecided = false,
): Promise<ShardEnd | undefined> {
  const { clock } = parts;
  const endMs = clock.monotonic() + settleMs;
  const reach = new Reach(clock);
  while (clock.monotonic() < endMs) {
    const access = shardAt(parts, place);
    const { shard } = access;
    const { done, isComplete } = await askOutcomes(access, operation.id);
    if (done.length > 0) {
      const isEnough = wasDecided || isReached(done, neededFor(operation.level, shard));
      return shardEnd(shard.id, isEnough ? "success" : "partial", done);
    }
    if (isComplete) return undefined;
    if (reach.isLost(counted(access).every((one) => one.isAlive()))) break;
    await sleep(clock, retryMs);
  }
  throw unknownOutcome();
}

/** Whether so many replicas took it under one stamp, the newest: that stands. */
function isReached(done: readonly Acknowledged<WriteOutcome>[], needed: number): boolean {
  const versions = done.map(({ answer }) => answer.version);
  const newest = versions.reduce((best, one) => (one > best ? one : best), "");
  return versions.filter((one) => one === newest).length >= needed;
}
