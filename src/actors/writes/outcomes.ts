/** What the replicas that count remember of an operation. */
import type { WriteOutcome } from "../replica/messages.js";
import { counted } from "../replicas/access.js";
import type { ShardAccess } from "../replicas/access.js";
import type { Acknowledged } from "./round.js";

const askMs = 1000;

export interface Outcomes {
  /** Of those that have it. */
  readonly done: readonly Acknowledged<WriteOutcome>[];
  /** Whether each of them said whether it has it. */
  readonly isComplete: boolean;
}

export async function askOutcomes(shard: ShardAccess, operation_id: string): Promise<Outcomes> {
  const message = { type: "outcome", operation_id } as const;
  const asked = counted(shard).map(async (replica) => {
    const end = await replica.ask<WriteOutcome | undefined>(message, askMs);
    return { node: replica.place.node, end };
  });
  const ends = await Promise.all(asked);
  const done = ends.flatMap(({ node, end }) =>
    end.outcome === "ok" && end.value ? [{ node, answer: end.value }] : [],
  );
  return { done, isComplete: ends.every(({ end }) => end.outcome === "ok") };
}
