/**
 * Before what a replica holds may be counted on by others: it is fenced, so that nothing sent by an
 * older map reaches it any more, and what it had staged until then is decided. Then its registers and
 * rows are all that it ever acknowledged under older maps.
 */
import { sleep } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { Version } from "../../consistency/index.js";
import type { RegisterState } from "../replica/replication-messages.js";
import type { ReplicaQuestions } from "./replica-questions.js";

/** Staged batches are decided within seconds: the replica's own node sees to it. */
const looks = 20;
const lookMs = 250;
const registersPerStep = 256;

/** What it has seen; undefined when it cannot be counted on now: look at the newest map, try again. */
export async function settle(
  replica: ReplicaQuestions,
  epoch: number,
  clock: Clock,
): Promise<Version | undefined> {
  const fence = await replica.fence(epoch);
  if (fence.epoch !== epoch) return undefined;
  const staged = new Set((await replica.staged()).map(({ operation_id }) => operation_id));
  for (let look = 0; staged.size > 0; look++) {
    if (look === looks) return undefined;
    await sleep(clock, lookMs);
    const left = new Set((await replica.staged()).map(({ operation_id }) => operation_id));
    for (const one of staged) if (!left.has(one)) staged.delete(one);
  }
  return fence.seen_version;
}

/** Has `to` know of every register what `from` knows. */
export async function copyRegisters(from: ReplicaQuestions, to: ReplicaQuestions): Promise<void> {
  let after = "";
  for (;;) {
    const registers: readonly RegisterState[] = await from.registers(after, registersPerStep);
    if (registers.length > 0) await to.learnRegisters(registers);
    const last = registers.at(-1);
    if (!last || registers.length < registersPerStep) return;
    after = last.key;
  }
}
