/**
 * What is to be done next about the splitting of one shard, from how things stand. Pure.
 *
 * One node decides for a shard, the first of those with a replica of it that are alive; should two believe
 * to be that, each change of the map still happens once. A shard is never split while a replica of it is
 * moved or filled, nor moved while it is split.
 */
import { isSplitting } from "../../cluster/index.js";
import type { ShardPlaces } from "../../cluster/index.js";

export interface SplitFacts {
  readonly shard: ShardPlaces;
  readonly self: string;
  readonly isAlive: (node: string) => boolean;
  /** A replica is to go elsewhere. */
  readonly isMoveDue: boolean;
  /** Whether it is worth beginning one now: another one under way here may forbid it. */
  readonly mayBegin: boolean;
}

/**
 * `count`: see how many rows there are, and begin if they are too many. `ask`: see whether all nodes have
 * filled their halves, and cut if so. `take_back`: who began to cut is gone. `give_up`: something else goes
 * first.
 */
export type SplitStep = "count" | "ask" | "take_back" | "give_up";

export function decideSplit(facts: SplitFacts): SplitStep | undefined {
  const { shard, self, isAlive, isMoveDue, mayBegin } = facts;
  const { replicas, split } = shard;
  if (decider(shard, isAlive) !== self) return undefined;
  if (split?.phase === "cutting") return "take_back";
  const isWhole = replicas.every(({ state }) => state === "active");
  // Halves of a replica that lost its data may have what it has not any more.
  if (isSplitting(shard) && (isMoveDue || !isWhole)) return "give_up";
  if (!isWhole || isMoveDue || !replicas.every(({ node }) => isAlive(node))) return undefined;
  if (isSplitting(shard)) return "ask";
  return mayBegin ? "count" : undefined;
}

function decider(
  { replicas }: ShardPlaces,
  isAlive: (node: string) => boolean,
): string | undefined {
  return replicas
    .map(({ node }) => node)
    .filter(isAlive)
    .sort()[0];
}
