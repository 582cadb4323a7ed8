/**
 * Small values that a majority of a shard's replicas agrees on once and for all (Lamport, "Paxos Made
 * Simple", 2001, one decree per key): whether a batch over shards is committed, and which attempt a
 * caller's key stands for. Whatever a majority accepted under one ballot is the value for ever; every later
 * ballot finds it with one of its own majority, and proposes it again.
 */
import type { DvespError } from "../../base/index.js";
import { majorityOf } from "../../cluster/index.js";
import { makeVersion, versionTime } from "../../consistency/index.js";
import type {
  RegisterReply,
  RegisterValue,
  Refusal,
  ReplicationMessage,
} from "../replica/replication-messages.js";
import { usable } from "../replicas/access.js";
import type { ShardAccess } from "../replicas/access.js";
import { Reach } from "../replicas/reach.js";
import { isRefusal } from "./delivery.js";
import { MajorityQuestion } from "./majority-question.js";
import { Pauses } from "./pauses.js";
import { shardAt, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";

export interface RegisterQuestion {
  /** A hash of ids: the shard that holds it keeps the register, also after it was split. */
  readonly place: number;
  readonly key: string;
  /** Becomes the value if there is none yet. */
  readonly value: Uint8Array;
  /** Called before `value` is proposed, when a majority knows of none; if it throws, nothing was proposed. */
  readonly beforeOwn?: () => Promise<void> | void;
  /** Monotonic time. */
  readonly endMs: number;
  readonly rememberMs: number;
  /**
   * No other than this caller ever asks so for this key, and only once: its ballot is below all others,
   * so that nothing can have been accepted before, and nobody needs to be asked first.
   */
  readonly sole?: boolean;
}

/**
 * The value of the register. Errors: `TIMEOUT` when it could not be learned in time, or no majority is in
 * reach; `STORAGE_FULL` when so many have no room that nothing could be proposed.
 */
export async function decideRegister(
  parts: WriteParts,
  question: RegisterQuestion,
): Promise<Uint8Array> {
  const { clock, versions } = parts;
  const reach = new Reach(clock);
  const pauses = new Pauses(parts);
  let sole = question.sole === true;
  let isProposed = false;
  while (clock.monotonic() < question.endMs) {
    const shard = shardAt(parts, question.place);
    if (reach.isLost(usable(shard).length >= majorityOf(shard.shard))) break;
    const vote = new Vote(parts, shard, question);
    const ballot = sole ? lowestBallot(versions.next()) : versions.next();
    const value = sole ? question.value : await vote.prepare(ballot);
    sole = false;
    isProposed ||= value !== undefined;
    if (value && (await vote.accept(ballot, value))) return value;
    if (vote.withoutRoom && !isProposed) throw vote.withoutRoom;
    for (const refusal of vote.larger) versions.observe(refusal);
    if (vote.isStale) await parts.access.newer(shard.shard.id, shard.shard.epoch);
    await pauses.wait(question.endMs);
  }
  throw unknownOutcome();
}

/** Below all that clocks stamp, and of this node alone. */
function lowestBallot(stamp: string): string {
  return makeVersion(0, 0, stamp.slice(stamp.indexOf(".") + 1));
}

/** One ballot's two rounds of questions. */
class Vote {
  readonly #parts: WriteParts;
  readonly #shard: ShardAccess;
  readonly #question: RegisterQuestion;
  /** Ballots that were promised to others. */
  readonly larger: string[] = [];
  isStale = false;
  /** Why no majority can answer now: so many have no room. */
  withoutRoom: DvespError | undefined;

  constructor(parts: WriteParts, shard: ShardAccess, question: RegisterQuestion) {
    this.#parts = parts;
    this.#shard = shard;
    this.#question = question;
  }

  /** What must be proposed: the newest accepted value that a majority knows, or else one's own. */
  async prepare(ballot: string): Promise<Uint8Array | undefined> {
    const { key, value } = this.#question;
    const { epoch } = this.#shard.shard;
    const promises = await this.#ask({ type: "register_prepare", epoch, key, ballot });
    if (promises.length < majorityOf(this.#shard.shard)) return undefined;
    const accepted = promises.flatMap(({ accepted: one }) => (one ? [one] : []));
    const found = newest(accepted)?.value;
    if (!found) await this.#question.beforeOwn?.();
    return found ?? value;
  }

  async accept(ballot: string, value: Uint8Array): Promise<boolean> {
    const { key, rememberMs } = this.#question;
    const { epoch } = this.#shard.shard;
    const expires_ms = this.#parts.clock.now() + rememberMs;
    const message = { type: "register_accept", epoch, key, ballot, value, expires_ms } as const;
    return (await this.#ask(message)).length >= majorityOf(this.#shard.shard);
  }

  /** Those who promised or accepted, as soon as they are a majority, or cannot become one. */
  async #ask(message: ReplicationMessage): Promise<Extract<RegisterReply, { promised: true }>[]> {
    const yes: Extract<RegisterReply, { promised: true }>[] = [];
    const asked = new MajorityQuestion<RegisterReply | Refusal>(this.#parts, this.#shard, {
      message: () => message,
      take: (_, reply) => this.#take(reply, yes),
      endMs: this.#question.endMs,
    });
    await asked.hasMajority();
    this.withoutRoom = asked.withoutRoom;
    return yes;
  }

  #take(
    reply: RegisterReply | Refusal,
    yes: Extract<RegisterReply, { promised: true }>[],
  ): boolean {
    if (isRefusal(reply)) this.isStale ||= reply.refused === "stale";
    else if (reply.promised) return yes.push(reply) > 0;
    else if (versionTime(reply.ballot) > 0) this.larger.push(reply.ballot);
    return false;
  }
}

function newest(values: readonly RegisterValue[]): RegisterValue | undefined {
  return values.reduce<RegisterValue | undefined>(
    (best, one) => (!best || one.ballot > best.ballot ? one : best),
    undefined,
  );
}
