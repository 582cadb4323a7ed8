/**
 * Before a replica leaves a shard, the others must hold whatever it was counted for.
 *
 * All are fenced at the epoch in which it still belongs to the shard: what an older map acknowledged
 * was acknowledged before that, and is on one of them. Then all others are made to hold the same as it
 * and each other. What the epoch itself acknowledges is on a majority of all of them, which is, without
 * the one that leaves, a majority of the others still. A replica whose node is gone for good can be left
 * out when the others are two or more: a majority of an older map was never it alone.
 */
import type { Clock } from "../../base/index.js";
import type { ShardAccess } from "../replicas/access.js";
import { without } from "./decide-move.js";
import type { SyncReport } from "./pair-sync.js";
import type { ChangeShard } from "./recovery.js";
import type { ReplicaQuestions } from "./replica-questions.js";
import { copyRegisters, settle } from "./settle.js";

export interface HandoverParts {
  readonly clock: Clock;
  readonly changeShard: ChangeShard;
  readonly questions: (access: ShardAccess["replicas"][number]) => ReplicaQuestions;
  readonly sync: (a: ReplicaQuestions, b: ReplicaQuestions) => Promise<SyncReport>;
}

/** Whether it could be done now. Rejects when a replica stopped answering. */
export async function handOver(
  { clock, changeShard, questions, sync }: HandoverParts,
  { shard, replicas }: ShardAccess,
  leaving: string,
): Promise<boolean> {
  const from = replicas.find(({ place }) => place.node === leaving && place.state === "active");
  const rest = replicas.filter(({ place }) => place.node !== leaving);
  const isWhole = rest.every((one) => one.place.state === "active" && one.isAlive());
  const isThere = from?.isAlive() === true;
  if (!from || !isWhole || rest.length < (isThere ? 1 : 2)) return false;
  const [hub, ...others] = rest.map(questions);
  if (!hub) return false;
  const givers = isThere ? [questions(from), ...others] : others;
  for (const one of [hub, ...givers]) {
    if ((await settle(one, shard.epoch, clock)) === undefined) return false;
  }
  // The one that leaves first: so the hub has all of it before the others get it.
  for (const one of givers) await exchange(hub, one, sync);
  // What a later one brought to the hub, an earlier one has not.
  for (const one of others.slice(0, -1)) await exchange(hub, one, sync);
  await changeShard((now) => without(now, leaving, shard.epoch));
  return true;
}

async function exchange(
  a: ReplicaQuestions,
  b: ReplicaQuestions,
  sync: HandoverParts["sync"],
): Promise<void> {
  await copyRegisters(a, b);
  await copyRegisters(b, a);
  await sync(a, b);
}
