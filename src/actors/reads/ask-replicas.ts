/**
 * Asks as many replicas of a shard as a level needs. When an answer is late or does not come, a further
 * replica is asked; the first answers that are enough end it.
 */
import { DvespError, errorFromPlain } from "../../base/index.js";
import type { ErrorCode, Timer } from "../../base/index.js";
import { neededFor } from "../../cluster/index.js";
import type { AskResult } from "../../runtime/index.js";
import { usable } from "../replicas/access.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { SearcherMessage } from "../searcher/messages.js";
import type { ReadRun } from "./read-parts.js";

export interface Answered<Answer> {
  readonly replica: ReplicaAccess;
  readonly answer: Answer;
}

/** Every replica would refuse as the first one did. */
const finalCodes: ReadonlySet<ErrorCode> = new Set([
  "INVALID_ARGUMENT",
  "TOO_LARGE",
  "COLLECTION_NOT_FOUND",
]);

/** How long a replica is waited for beyond the time of the read: its own refusal says more. */
export const marginMs = 1000;

/**
 * As many answers as the level of the run needs. Errors: `NOT_ENOUGH_REPLICAS` at once when too few are
 * alive; what the replicas refused it with; `TIMEOUT`.
 */
export function askReplicas<Answer>(
  run: ReadRun,
  shard: ShardAccess,
  message: SearcherMessage,
): Promise<readonly Answered<Answer>[]> {
  const needed = neededFor(run.level, shard.shard);
  const alive = inOrder(usable(shard));
  if (alive.length < needed) throw notEnough(run, shard, needed, alive.length);
  return new Round<Answer>(run, shard, message, alive, needed).start();
}

/** This node's own first, then the least busy. */
function inOrder(replicas: readonly ReplicaAccess[]): ReplicaAccess[] {
  return [...replicas].sort(
    (a, b) => Number(b.local) - Number(a.local) || a.outstanding - b.outstanding,
  );
}

class Round<Answer> {
  readonly #run: ReadRun;
  readonly #shard: ShardAccess;
  readonly #message: SearcherMessage;
  readonly #needed: number;
  readonly #waiting: ReplicaAccess[];
  readonly #answers: Answered<Answer>[] = [];
  #underWay = 0;
  #failure: DvespError | undefined;
  #timer: Timer | undefined;
  #resolve: (answers: readonly Answered<Answer>[]) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(
    run: ReadRun,
    shard: ShardAccess,
    message: SearcherMessage,
    alive: ReplicaAccess[],
    needed: number,
  ) {
    this.#run = run;
    this.#shard = shard;
    this.#message = message;
    this.#waiting = alive;
    this.#needed = needed;
  }

  start(): Promise<readonly Answered<Answer>[]> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      for (let count = 0; count < this.#needed; count++) this.#askNext();
      this.#watchTheTime();
    });
  }

  #watchTheTime(): void {
    if (this.#waiting.length === 0) return;
    const { lateMs } = this.#run.latencyOf(this.#shard.shard.id);
    this.#timer = this.#run.parts.clock.after(lateMs, () => {
      this.#askNext();
      this.#watchTheTime();
    });
  }

  #askNext(): boolean {
    const replica = this.#waiting.shift();
    if (!replica) return false;
    void this.#ask(replica);
    return true;
  }

  async #ask(replica: ReplicaAccess): Promise<void> {
    this.#underWay++;
    this.#run.noteAsked(replica);
    const { clock } = this.#run.parts;
    const beganMs = clock.monotonic();
    const result = await replica.read<Answer>(this.#message, this.#run.leftMs + marginMs);
    this.#underWay--;
    if (result.outcome !== "ok") {
      this.#failed(replica, result);
      return;
    }
    if (this.#answers.length >= this.#needed) return;
    this.#note(clock.monotonic() - beganMs);
    this.#answers.push({ replica, answer: result.value });
    if (this.#answers.length < this.#needed) return;
    this.#timer?.cancel();
    this.#resolve(this.#answers);
  }

  /** The others put right what is damaged; where the read names no rows, anti-entropy comes upon them. */
  #noteDamage({ place }: ReplicaAccess): void {
    const ids = idsNamedBy(this.#message);
    if (ids.length > 0) this.#run.parts.repair({ shard: this.#shard.shard.id, place, ids });
  }

  /** A read that waited for a write says nothing of how quick its replica is. */
  #note(tookMs: number): void {
    const message = this.#message;
    if (message.type === "read_raw" && message.request.after !== undefined) return;
    this.#run.latencyOf(this.#shard.shard.id).note(tookMs);
  }

  #failed(
    replica: ReplicaAccess,
    result: Exclude<AskResult<Answer>, { readonly outcome: "ok" }>,
  ): void {
    const error = errorOf(result);
    if (error.code === "DATA_CORRUPTED") this.#noteDamage(replica);
    const isFinal = result.outcome === "refused" && finalCodes.has(error.code);
    if (this.#failure?.code !== "TIMEOUT") this.#failure = error;
    if (!isFinal && this.#askNext()) return;
    const isPossible = this.#underWay + this.#answers.length >= this.#needed;
    if (isPossible && !isFinal) return;
    this.#timer?.cancel();
    this.#reject(isFinal ? error : this.#failure);
  }
}

function idsNamedBy(message: SearcherMessage): readonly string[] {
  return message.type === "read_raw" && message.request.operation === "get"
    ? message.request.ids
    : [];
}

function errorOf(result: Exclude<AskResult<unknown>, { readonly outcome: "ok" }>): DvespError {
  switch (result.outcome) {
    case "refused":
      return errorFromPlain(result.error);
    case "timeout":
      return new DvespError("TIMEOUT", "a replica did not answer in time");
    case "gone":
      return new DvespError("NOT_ENOUGH_REPLICAS", "a replica ended before it answered");
  }
}

function notEnough(
  { level }: ReadRun,
  { shard }: ShardAccess,
  needed: number,
  alive: number,
): DvespError {
  const message = `${level} needs ${needed} replicas of shard ${shard.id}, and ${alive} are alive`;
  return new DvespError("NOT_ENOUGH_REPLICAS", message);
}
