/**
 * One question to all replicas of a shard that count, until a majority has said yes, or cannot any more:
 * the first half, and the second, of all that is decided by ballots.
 */
import { errorFromPlain } from "../../base/index.js";
import type { DvespError } from "../../base/index.js";
import { majorityOf } from "../../cluster/index.js";
import type { ReplicationMessage } from "../replica/replication-messages.js";
import { counted } from "../replicas/access.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import { lookMs } from "../replicas/reach.js";
import { Signal } from "./signal.js";
import type { WriteParts } from "./write-parts.js";

/** An answer that does not come so soon is not waited for. */
const askMs = 1000;

export interface Ballot<Answer> {
  /** `index`: of the replica, this node's own first. */
  readonly message: (index: number) => ReplicationMessage;
  /** Told of every answer, also of those that come when nobody waits any more; whether it is a yes. */
  readonly take: (node: string, answer: Answer) => boolean;
  /** Monotonic time. */
  readonly endMs: number;
}

export class MajorityQuestion<Answer> {
  readonly #parts: WriteParts;
  readonly #ballot: Ballot<Answer>;
  readonly #signal: Signal;
  readonly #majority: number;
  readonly #open: Set<ReplicaAccess>;
  readonly #voters: number;
  readonly #withoutRoom: DvespError[] = [];
  #yes = 0;

  /** Asks at once. */
  constructor(parts: WriteParts, shard: ShardAccess, ballot: Ballot<Answer>) {
    this.#parts = parts;
    this.#ballot = ballot;
    this.#signal = new Signal(parts.clock);
    this.#majority = majorityOf(shard.shard);
    const voters = counted(shard);
    this.#voters = voters.length;
    this.#open = new Set(voters);
    voters.forEach((voter, index) => void this.#ask(voter, index));
  }

  /** Whether a majority said yes, as soon as that is certain, or the time is over. */
  async hasMajority(): Promise<boolean> {
    const certain = (): boolean => this.#isMajority || this.#isHopeless;
    await this.#signal.until(certain, this.#ballot.endMs, lookMs);
    return this.#isMajority;
  }

  /** Waits for those who have not answered yet, until `isEnough`, all have, or so long. */
  async wait(isEnough: () => boolean, withinMs: number): Promise<void> {
    const endMs = Math.min(this.#ballot.endMs, this.#parts.clock.monotonic() + withinMs);
    await this.#signal.until(() => this.#open.size === 0 || isEnough(), endMs);
  }

  /** Why no majority can say yes, whoever else answers: so many have no room on their disks. */
  get withoutRoom(): DvespError | undefined {
    return this.#voters - this.#withoutRoom.length < this.#majority
      ? this.#withoutRoom[0]
      : undefined;
  }

  get #isMajority(): boolean {
    return this.#yes >= this.#majority;
  }

  get #isHopeless(): boolean {
    const alive = [...this.#open].filter((voter) => voter.isAlive());
    return this.#yes + alive.length < this.#majority;
  }

  async #ask(voter: ReplicaAccess, index: number): Promise<void> {
    const { message, take, endMs } = this.#ballot;
    const leftMs = Math.min(askMs, Math.max(1, endMs - this.#parts.clock.monotonic()));
    const end = await voter.ask<Answer>(message(index), leftMs);
    if (end.outcome === "ok" && take(voter.place.node, end.value)) this.#yes++;
    if (end.outcome === "refused" && end.error.code === "STORAGE_FULL") {
      this.#withoutRoom.push(errorFromPlain(end.error));
    }
    this.#open.delete(voter);
    this.#signal.notify();
  }
}
