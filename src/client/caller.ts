/**
 * Sees one request through to an answer, over as many nodes and attempts as its time allows.
 *
 * Held to: a request that may have been executed is sent again only when executing it twice is the
 * same as once (`repeatable`); one that was refused before anything was done, or never sent, may
 * always go elsewhere. Once a change may have been executed, no later refusal says that it was not. Within
 * the time, an overloaded node is given the time it asked for. A node that lets a write wait is asked whether
 * it lives; when it does not say so, the write goes elsewhere too. So it does when a node gives up before
 * the time is over, or has done a part of it: what it said is the answer only if no other node does better.
 */
import { randomFraction, present, sleep } from "../base/index.js";
import type { Clock, DvespError, Random } from "../base/index.js";
import { routePath, routes } from "../protocol/index.js";
import { HedgeBudget } from "./hedge-budget.js";
import type { NodeRing, RingNode } from "./node-ring.js";
import type { Attempt, Sending, Transport, WireAnswer, WireRequest } from "./transport.js";
import { judge } from "./verdict.js";
import type { Verdict } from "./verdict.js";

export interface Call<Answer> {
  readonly request: WireRequest;
  readonly timeoutMs: number;
  /** Executing it twice is the same as once. */
  readonly repeatable: boolean;
  /** It changes nothing: a second node may be asked while the first has not answered yet. */
  readonly readsOnly: boolean;
  /** What a success says. Errors: those of an answer that cannot be read. */
  readonly read: (answer: WireAnswer) => Answer;
  /** Whether no other node could give a better one. */
  readonly isWhole: (answer: Answer) => boolean;
}

/** What is known of a call so far. */
interface Progress<Answer> {
  readonly deadlineMs: number;
  /** Of attempts that may have changed something. */
  readonly inDoubt: DvespError[];
  /** Answers that another node might better. */
  readonly inPart: Answer[];
}

interface Done<Answer> {
  readonly kind: "done";
  readonly answer: Answer;
}

export interface CallerParts {
  readonly ring: NodeRing;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a read waits for one node before a second one is asked too. */
  readonly hedgeAfterMs: number;
}

/** The server's own verdict on time should arrive before ours. */
const graceMs = 500;
/** With less time left no other node is asked to do better. */
const worthMs = 20;
/** How long a write is waited for before its node is asked whether it lives, and how long for that. */
const doubtAfterMs = 300;
const lifeSignMs = 250;
const lifeSign: WireRequest = {
  method: routes.health.method,
  path: routePath("health", {}),
  headers: {},
  body: undefined,
};
/** Rounds over all nodes, when none can be reached or has the replicas. */
const roundsMax = 5;
const pauseMsMin = 50;

export class Caller {
  readonly #parts: CallerParts;
  readonly #hedges = new HedgeBudget();

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /** The answer of a node whose status is a success. Errors: those of the operation; `TIMEOUT`. */
  async call<Answer>(call: Call<Answer>): Promise<Answer> {
    const { clock, ring } = this.#parts;
    const deadlineMs = clock.monotonic() + call.timeoutMs + graceMs;
    const progress: Progress<Answer> = { deadlineMs, inDoubt: [], inPart: [] };
    const { inDoubt, inPart } = progress;
    for (let round = 1; ; round++) {
      const end = await this.#tryAll(call, ring.next(), progress);
      if (end.kind === "done") return end.answer;
      if (inPart.length > 0) return present(inPart[0], "an answer in part");
      if (end.kind === "fail") throw end.error;
      const error = inDoubt[0] ?? end.error;
      if (end.kind === "elsewhere" || (!end.patient && round === roundsMax)) throw error;
      const pauseMs = this.#pauseMs(end.error, round);
      if (clock.monotonic() + pauseMs >= deadlineMs) throw error;
      await sleep(clock, pauseMs);
    }
  }

  /** One round: each node once, until one answers in full or the request must not be sent again. */
  async #tryAll<Answer>(
    call: Call<Answer>,
    nodes: readonly RingNode[],
    { deadlineMs, inDoubt, inPart }: Progress<Answer>,
  ): Promise<Done<Answer> | Exclude<Verdict, { kind: "done" }>> {
    let verdict: Exclude<Verdict, { kind: "done" }> | undefined;
    for (const [index, node] of nodes.entries()) {
      const leftMs = deadlineMs - this.#parts.clock.monotonic();
      if (leftMs <= 0 && verdict !== undefined) break;
      const attempt = await this.#ask(call, node, nodes[index + 1], leftMs);
      const hasTime = this.#hasTime(deadlineMs);
      const judged = judge(attempt, { repeatable: call.repeatable, hasTime });
      if (judged.kind === "done") {
        const answer = call.read(judged.answer);
        if (call.isWhole(answer)) return { kind: "done", answer };
        inPart.push(answer);
        if (!hasTime || !call.repeatable) return { kind: "done", answer };
        continue;
      }
      verdict = judged;
      if (verdict.kind === "fail") break;
      const isUnsure = attempt.outcome === "lost" || verdict.kind === "elsewhere";
      if (isUnsure && !call.readsOnly) inDoubt.push(verdict.error);
    }
    return verdict ?? { kind: "done", answer: present(inPart[0], "an answer: a ring has nodes") };
  }

  /** Whether a node that is asked now could answer before the time of the call is over. */
  #hasTime(deadlineMs: number): boolean {
    return this.#parts.clock.monotonic() < deadlineMs - graceMs - worthMs;
  }

  /** Asks `node`; a read that takes long asks `second` too, and takes the first answer of the two. */
  async #ask(
    call: Omit<Call<unknown>, "read" | "isWhole">,
    node: RingNode,
    second: RingNode | undefined,
    leftMs: number,
  ): Promise<Attempt> {
    const { transport, clock, hedgeAfterMs } = this.#parts;
    const first = transport.send(node.url, call.request, leftMs);
    if (second === undefined) return this.#noted(node, await first.attempt);
    if (!call.readsOnly) {
      const attempt = call.repeatable ? this.#watched(node, first) : first.attempt;
      return this.#noted(node, await attempt);
    }
    this.#hedges.earn();
    const early = await within(clock, hedgeAfterMs, first.attempt);
    if (early !== undefined || !this.#hedges.spend()) {
      return this.#noted(node, early ?? (await first.attempt));
    }
    const other = transport.send(second.url, call.request, leftMs - hedgeAfterMs);
    const { winner, attempt } = await firstAnswer(first, other);
    if (winner === first) {
      other.cancel();
      return this.#noted(node, attempt);
    }
    first.cancel();
    this.#parts.ring.failed(node);
    return this.#noted(second, attempt);
  }

  /** The end of a write; `lost` when its node shows no sign of life any more. */
  async #watched(node: RingNode, sending: Sending): Promise<Attempt> {
    const { transport, clock } = this.#parts;
    for (;;) {
      const end = await within(clock, doubtAfterMs, sending.attempt);
      if (end !== undefined) return end;
      const sign = transport.send(node.url, lifeSign, lifeSignMs);
      const first = await Promise.race([sending.attempt.then(() => undefined), sign.attempt]);
      if (first === undefined) sign.cancel();
      else if (first.outcome !== "answer") {
        sending.cancel();
        return { outcome: "lost", error: new Error("the node shows no sign of life") };
      }
    }
  }

  #noted(node: RingNode, attempt: Attempt): Attempt {
    if (attempt.outcome === "answer") this.#parts.ring.succeeded(node);
    else this.#parts.ring.failed(node);
    return attempt;
  }

  /** What the node asked for, or longer from round to round; with jitter, so that crowds spread. */
  #pauseMs(error: DvespError, round: number): number {
    const wantedMs = error.retry_after_ms ?? pauseMsMin * 2 ** (round - 1);
    return wantedMs * (1 + randomFraction(this.#parts.random) / 4);
  }
}

/** The value of `promise`, or undefined when it takes longer than `delayMs`. */
async function within<T>(
  clock: Clock,
  delayMs: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(delayMs, () => resolve(undefined));
    promise.finally(() => timer.cancel()).then(resolve, reject);
  });
}

/** The first of two to end with an answer; when neither does, the second to end. */
async function firstAnswer(
  one: Sending,
  other: Sending,
): Promise<{ readonly winner: Sending; readonly attempt: Attempt }> {
  const ends = [one, other].map(async (winner) => ({ winner, attempt: await winner.attempt }));
  const early = await Promise.race(ends);
  if (early.attempt.outcome === "answer") return early;
  return present(ends[early.winner === one ? 1 : 0], "the other of two");
}
