/**
 * Gives one node, while it answers, what it missed: in order, several under way at a time, each as a
 * late write by the newest map. What it has confirmed is forgotten; at the first that it does not
 * confirm it is given the rest later, that one first.
 */
import type { Clock } from "../../base/index.js";
import { versionTime } from "../../consistency/index.js";
import type { AskResult } from "../../runtime/index.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { WriteMessage } from "../replica/messages.js";
import type { Refusal } from "../replica/replication-messages.js";
import type { Hint, HintBatch } from "./hint-messages.js";
import type { RepairLimits } from "./limits.js";

export interface HintReplayParts {
  readonly node: string;
  readonly clock: Clock;
  readonly limits: RepairLimits;
  /** The shard that a hint is about, as it is now; undefined when it is no more. */
  readonly shardOf: (hint: Hint) => ShardAccess | undefined;
  readonly next: (bytesMax: number) => Promise<HintBatch>;
  readonly confirmed: (sequence: number) => Promise<void>;
}

export interface ReplayCount {
  readonly replayed: number;
  /** Too old, or about nobody any more. */
  readonly dropped: number;
  /** All that there was is dealt with. */
  readonly isDone: boolean;
}

const batchBytes = 4 * 1024 * 1024;
/** Messages under way: they arrive in the order in which they were sent. */
const windowMax = 64;

type End = "confirmed" | "dropped" | "again";

/** Replays until there is nothing left or the node does not confirm. Rejects when hints are not read. */
export async function replayHints(parts: HintReplayParts): Promise<ReplayCount> {
  let [replayed, dropped] = [0, 0];
  for (;;) {
    const { hints, sequences, lost } = await parts.next(batchBytes);
    dropped += lost;
    if (hints.length === 0) return { replayed, dropped, isDone: true };
    for (let at = 0; at < hints.length; at += windowMax) {
      const window = hints.slice(at, at + windowMax);
      const ends = await Promise.all(window.map((hint) => replay(parts, hint)));
      const failed = ends.indexOf("again");
      const settled = failed === -1 ? ends : ends.slice(0, failed);
      replayed += settled.filter((end) => end === "confirmed").length;
      dropped += settled.filter((end) => end === "dropped").length;
      const last = sequences[at + settled.length - 1];
      if (settled.length > 0 && last !== undefined) await parts.confirmed(last);
      if (failed !== -1) return { replayed, dropped, isDone: false };
    }
  }
}

async function replay(parts: HintReplayParts, hint: Hint): Promise<End> {
  const { node, clock, limits, shardOf } = parts;
  if (isTooOld(hint.message, clock.now() - limits.hintMs)) return "dropped";
  const shard = shardOf(hint);
  const replica = shard?.replicas.find(({ place }) => place.node === node);
  if (!shard || !replica) return "dropped";
  if (!replica.isAlive()) return "again";
  return give(replica, renewed(hint.message, shard.shard.epoch), limits);
}

async function give(
  replica: ReplicaAccess,
  message: WriteMessage,
  { askMs }: RepairLimits,
): Promise<End> {
  const result: AskResult<object | Refusal> = await replica.ask(message, askMs);
  switch (result.outcome) {
    case "ok":
      return "refused" in result.value ? "again" : "confirmed";
    case "refused":
      return result.error.code === "INVALID_ARGUMENT" ? "dropped" : "again";
    case "gone":
    case "timeout":
      return "again";
  }
}

/** By the map of now: it was durable elsewhere when it was hinted. */
function renewed(message: WriteMessage, epoch: number): WriteMessage {
  return { ...message, replicated: { rule: "late", epoch } };
}

function isTooOld(message: WriteMessage, oldestMs: number): boolean {
  return versionTime(message.version) < oldestMs;
}
