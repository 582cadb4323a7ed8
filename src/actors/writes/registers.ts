/**
 * Small values that a majority of a shard's replicas agrees on once and for all (Lamport, "Paxos Made
 * Simple", 2001, one decree per key): whether a batch over shards is committed, and which attempt a
 * caller's key stands for. Whatever a majority accepted under one ballot is the value for ever; every later
 * ballot finds it with one of its own majority, and proposes it again.
 */
import { randomBelow, sleep } from "../../base/index.js";
import { majorityOf } from "../../cluster/index.js";
import { makeVersion, versionTime } from "../../consistency/index.js";
import type { RegisterReply, RegisterValue, Refusal } from "../replica/replication-messages.js";
import { counted } from "../replicas/access.js";
import type { ShardAccess } from "../replicas/access.js";
import { isRefusal } from "./delivery.js";
import { Signal } from "./signal.js";
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

const askMs = 1000;
const rivalMs = 12;

/** The value of the register. Errors: `TIMEOUT` when it could not be learned in time. */
export async function decideRegister(
  parts: WriteParts,
  question: RegisterQuestion,
): Promise<Uint8Array> {
  const { clock, versions, random } = parts;
  let sole = question.sole === true;
  while (clock.monotonic() < question.endMs) {
    const shard = shardAt(parts, question.place);
    const vote = new Vote(parts, shard, question);
    const ballot = sole ? lowestBallot(versions.next()) : versions.next();
    const value = sole ? question.value : await vote.prepare(ballot);
    sole = false;
    if (value && (await vote.accept(ballot, value))) return value;
    for (const refusal of vote.larger) versions.observe(refusal);
    if (vote.isStale) await parts.access.newer(shard.shard.id, shard.shard.epoch);
    await sleep(clock, 1 + randomBelow(random, rivalMs));
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
  async #ask(
    message: Parameters<ShardAccess["replicas"][number]["ask"]>[0],
  ): Promise<Extract<RegisterReply, { promised: true }>[]> {
    const { clock } = this.#parts;
    const voters = counted(this.#shard);
    const majority = majorityOf(this.#shard.shard);
    const yes: Extract<RegisterReply, { promised: true }>[] = [];
    const signal = new Signal(clock);
    let open = voters.length;
    const attemptMs = Math.min(askMs, Math.max(1, this.#question.endMs - clock.monotonic()));
    for (const voter of voters) {
      void voter.ask<RegisterReply | Refusal>(message, attemptMs).then((end) => {
        open--;
        const reply = end.outcome === "ok" ? end.value : undefined;
        if (reply) this.#take(reply, yes);
        signal.notify();
      });
    }
    const settled = (): boolean => yes.length >= majority || yes.length + open < majority;
    await signal.until(settled, this.#question.endMs);
    return yes;
  }

  #take(reply: RegisterReply | Refusal, yes: Extract<RegisterReply, { promised: true }>[]): void {
    if (isRefusal(reply)) this.isStale ||= reply.refused === "stale";
    else if (reply.promised) yes.push(reply);
    else if (versionTime(reply.ballot) > 0) this.larger.push(reply.ballot);
  }
}

function newest(values: readonly RegisterValue[]): RegisterValue | undefined {
  return values.reduce<RegisterValue | undefined>(
    (best, one) => (!best || one.ballot > best.ballot ? one : best),
    undefined,
  );
}
