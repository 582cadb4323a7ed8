/**
 * What the clients of a workload share: the nodes they call, what they have learned, and how chance picks
 * for them.
 */
import { randomBelow, randomFraction } from "../../src/base/index.js";
import type { Clock, Random } from "../../src/base/index.js";
import type { ConsistencyLevel, VectorStore } from "../../src/protocol/index.js";
import type { Checker } from "./checker.js";
import { callNode } from "./client.js";
import type { Endpoint, Outcome } from "./client.js";
import type { WriteRecord } from "./history.js";
import type { Trace } from "./trace.js";

export interface SessionParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly endpoints: readonly Endpoint[];
  readonly collection: string;
  readonly ids: readonly string[];
  readonly checker: Checker;
  readonly trace: Trace;
  /** Codes that a refusal may have. */
  readonly mayRefuse: (code: string) => boolean;
  /** Most operations are conditional writes of single rows. */
  readonly isContended?: boolean | undefined;
  /** Nothing but inserts and reads, at ONE. */
  readonly isWeak?: boolean | undefined;
  /** Default: yes. */
  readonly writesAtOne?: boolean | undefined;
  /** Of inserts so many are large ones; default 0.3. */
  readonly batchShare?: number | undefined;
  /** What callers allow a node at most; default 3,300 ms. */
  readonly timeoutMsMax?: number | undefined;
}

/** What a call adds to its request. */
export interface Sent {
  readonly timeout_ms: number;
  readonly consistency_level?: ConsistencyLevel;
  readonly after?: string;
  readonly idempotency_key?: string;
}

const levels: readonly ConsistencyLevel[] = ["ONE", "QUORUM", "QUORUM", "QUORUM", "ALL"];
/** Callers wait a little longer than they tell the node. */
const patienceMs = 500;
const knownMax = 4;
const timeoutMsMin = 300;

export class Session {
  readonly parts: SessionParts;
  /** Versions of each row that some client has met, the newest last. */
  readonly #known = new Map<string, readonly string[]>();
  /** Writes that were acknowledged. */
  readonly done: WriteRecord[] = [];
  answered = 0;
  readonly outcomes = new Map<string, number>();

  constructor(parts: SessionParts) {
    this.parts = parts;
  }

  async ask<Answer>(
    endpoint: Endpoint,
    ask: (store: VectorStore, sent: Sent) => Promise<Answer>,
  ): Promise<Outcome<Answer>> {
    const { clock, random, timeoutMsMax = 3300 } = this.parts;
    const timeout_ms = timeoutMsMin + randomBelow(random, timeoutMsMax - timeoutMsMin);
    const delayMs = (): number => 0.05 + randomFraction(random);
    const options = { clock, delayMs, patienceMs: timeout_ms + patienceMs };
    const outcome = await callNode(endpoint, (store) => ask(store, { timeout_ms }), options);
    const name = nameOf(outcome);
    this.outcomes.set(name, (this.outcomes.get(name) ?? 0) + 1);
    return outcome;
  }

  refused(what: string, code: string, message: string): void {
    if (this.parts.mayRefuse(code)) return;
    this.parts.checker.fail("unexpected_error", `${what}: ${code} ${message}`);
  }

  endpoint(): Endpoint {
    const { endpoints, random } = this.parts;
    return endpoints[randomBelow(random, endpoints.length)] as Endpoint;
  }

  someIds(most: number): string[] {
    const { ids, random } = this.parts;
    const count = 1 + randomBelow(random, most);
    const chosen = new Set<string>();
    while (chosen.size < count) chosen.add(ids[randomBelow(random, ids.length)] as string);
    return [...chosen];
  }

  learn(id: string, version: string): void {
    const others = (this.#known.get(id) ?? []).filter((one) => one !== version);
    this.#known.set(id, [...others, version].slice(-knownMax));
  }

  /** A version for a condition: mostly the newest known, at times one that was replaced since. */
  knownVersion(id: string): string | undefined {
    const known = this.#known.get(id) ?? [];
    const back = this.chance(0.75) ? 1 : 1 + randomBelow(this.parts.random, knownMax);
    return known.at(-Math.min(back, known.length));
  }

  level(): ConsistencyLevel {
    if (this.parts.isWeak === true) return "ONE";
    return levels[randomBelow(this.parts.random, levels.length)] as ConsistencyLevel;
  }

  writeLevel(): ConsistencyLevel {
    const level = this.level();
    return level === "ONE" && this.parts.writesAtOne === false ? "QUORUM" : level;
  }

  /** A write not long ago whose token a read may carry, half of the time. */
  recent(): WriteRecord | undefined {
    if (this.done.length === 0 || this.chance(0.5)) return undefined;
    const back = 1 + randomBelow(this.parts.random, Math.min(5, this.done.length));
    return this.done.at(-back);
  }

  chance(share: number): boolean {
    return randomFraction(this.parts.random) < share;
  }
}

/** An outcome as the trace tells it. */
export function told(outcome: Outcome<unknown>): object {
  switch (outcome.type) {
    case "answer":
      return { answer: outcome.answer };
    case "refusal":
      return { refused: outcome.error.code, message: outcome.error.message };
    case "silence":
    case "unsent":
      return { outcome: outcome.type };
  }
}

/** Status of an answer that has one, code of a refusal. */
function nameOf(outcome: Outcome<unknown>): string {
  if (outcome.type === "refusal") return outcome.error.code;
  if (outcome.type !== "answer") return outcome.type;
  const { status } = outcome.answer as { status?: string };
  return status ?? "read";
}

export function short(id: string): string {
  return id.slice(0, 8);
}
