/** What became of a write whose time is over and of which no replica has said that it took it. */
import { sleep } from "../../base/index.js";
import type { WriteOutcome } from "../replica/messages.js";
import { shardEnd } from "./shard-end.js";
import type { ShardEnd } from "./shard-end.js";
import { counted, settleMs, shardOf, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";
import type { Operation } from "./operation.js";

const retryMs = 20;
const askMs = 1000;

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
    const replicas = counted(shardOf(parts, shardId));
    const message = { type: "outcome", operation_id: operation.id } as const;
    const ends = await Promise.all(
      replicas.map((replica) => replica.ask<WriteOutcome | undefined>(message, askMs)),
    );
    const done = ends.flatMap((end, index) =>
      end.outcome === "ok" && end.value
        ? [{ node: replicas[index]?.place.node ?? "", answer: end.value }]
        : [],
    );
    if (done.length > 0) return shardEnd(shardId, "partial", done);
    if (ends.every(({ outcome }) => outcome === "ok")) return undefined;
    await sleep(clock, retryMs);
  }
  throw unknownOutcome();
}
