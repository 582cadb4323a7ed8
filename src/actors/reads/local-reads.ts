/**
 * Reads that one replica of this node answers alone. Its searchers answer with an encoded body: REST
 * passes it on as it is, callers of this thread have it decoded.
 *
 * A batch of searches is cut into one part per searcher. It is answered in order, as a whole or not at
 * all: with the error of the first part that has one.
 */
import { limits } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import { decodeAnswer, joinBatchAnswers, rangeOf } from "../../protocol/index.js";
import type {
  BatchPart,
  BodyFormat,
  EncodedAnswer,
  EncodedRequest,
  NormalSearchBatch,
  ReadAnswers,
} from "../../protocol/index.js";
import type { CallerDesk } from "../caller/caller-desk.js";
import { AnswerBudget } from "../searcher/answer-budget.js";
import type {
  NormalRead,
  ReadOperation,
  SearcherMessage,
  SentAnswer,
} from "../searcher/messages.js";
import type { AnswerAreas } from "../shard/answer-areas.js";
import type { PoolAsk, WorkerPool } from "../worker-pool.js";
import { marginMs } from "./ask-replicas.js";

/** Who answers on this node. */
export interface LocalReaders {
  readonly searchers: WorkerPool;
  readonly areas: AnswerAreas;
  /** Who answers short searches on this thread, if anybody may. */
  readonly caller?: CallerDesk | undefined;
}

export type EncodedRead = EncodedRequest & { readonly operation: ReadOperation };

/** A question to one searcher, and how long to wait for it. */
interface Question {
  readonly message: SearcherMessage;
  readonly timeoutMs: number;
  readonly how?: PoolAsk;
}

const encodedTimeoutMs = limits.timeoutMsMax + marginMs;
/** The body of a batch that is cut is copied on this thread; a larger one goes to one searcher. */
const cutBodyBytesMax = 8 * 1024 * 1024;

export class LocalReads {
  readonly #clock: Clock;
  readonly #readers: LocalReaders;

  constructor(clock: Clock, readers: LocalReaders) {
    this.#clock = clock;
    this.#readers = readers;
  }

  /** The typed answer. */
  async read<Operation extends ReadOperation>(
    request: Extract<NormalRead, { readonly operation: Operation }>,
  ): Promise<ReadAnswers[Operation]> {
    const { caller } = this.#readers;
    const read: NormalRead = request;
    if (!caller || read.operation !== "search") return this.#decoded(request);
    const answer = await caller.search(read, (among) => this.#decoded(read, among));
    return answer as ReadAnswers[Operation];
  }

  /** The typed answer from the bytes of a searcher: one of the first `among`. */
  async #decoded<Operation extends ReadOperation>(
    request: Extract<NormalRead, { readonly operation: Operation }>,
    among?: number,
  ): Promise<ReadAnswers[Operation]> {
    const answer = await this.readNormal(request, "msgpack", among);
    try {
      return decodeAnswer("msgpack", request.operation, answer.body);
    } finally {
      answer.release();
    }
  }

  /** The answer, encoded by the searcher. */
  readNormal(request: NormalRead, accept: BodyFormat, among?: number): Promise<EncodedAnswer> {
    const isBatch = request.operation === "search_batch";
    const questions = isBatch
      ? this.#cut(request, accept)
      : [this.#question(request, accept, { among })];
    return this.#answer(questions, accept);
  }

  /** The body is decoded, and the answer encoded, by the searcher. */
  readEncoded(request: EncodedRead): Promise<EncodedAnswer> {
    if (request.operation === "search_batch" && request.body.length <= cutBodyBytesMax) {
      return this.#answer(this.#cutEncoded(request), request.accept);
    }
    const arrived_ms = this.#clock.monotonic();
    const message: SearcherMessage = { type: "read_encoded", ...request, arrived_ms };
    return this.#ask({ message, timeoutMs: encodedTimeoutMs });
  }

  #question(request: NormalRead, accept: BodyFormat, how: PoolAsk = {}): Question {
    const arrived_ms = this.#clock.monotonic();
    const message = { type: "read", request, accept, arrived_ms } as const;
    return { message, timeoutMs: timeoutOf(request) + marginMs, how };
  }

  #cut(batch: NormalSearchBatch, accept: BodyFormat): Question[] {
    const budget = AnswerBudget.memory();
    const { length } = batch.queries;
    return partsOf(Math.min(this.#readers.searchers.refs.length, length)).map((part) => {
      const { first, end } = rangeOf(length, part);
      const queries = batch.queries.slice(first, end);
      return this.#question({ ...batch, queries }, accept, { attachments: [budget] });
    });
  }

  #cutEncoded({ collection, body, format, accept }: EncodedRead): Question[] {
    const arrived_ms = this.#clock.monotonic();
    const how = { attachments: [AnswerBudget.memory(), sharedCopy(body)] };
    return partsOf(this.#readers.searchers.refs.length).map((part) => ({
      message: { type: "read_part", collection, part, format, accept, arrived_ms },
      timeoutMs: encodedTimeoutMs,
      how,
    }));
  }

  /** One answer to all questions. Errors: those of the first that has one. */
  async #answer(questions: readonly Question[], format: BodyFormat) {
    const [only] = questions;
    if (only && questions.length === 1) return this.#ask(only);
    const ends = await Promise.allSettled(questions.map((one) => this.#ask(one)));
    const answers = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
    try {
      for (const end of ends) if (end.status === "rejected") throw end.reason;
      const bodies = answers.map(({ body }) => body);
      return { body: joinBatchAnswers(format, bodies), release: () => undefined };
    } finally {
      for (const { release } of answers) release();
    }
  }

  async #ask({ message, timeoutMs, how }: Question): Promise<EncodedAnswer> {
    const { searchers, areas } = this.#readers;
    return areas.read(await searchers.ask<SentAnswer>(message, timeoutMs, how));
  }
}

function partsOf(of: number): BatchPart[] {
  return Array.from({ length: of }, (_, index) => ({ index, of }));
}

function sharedCopy(body: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(body.length);
  new Uint8Array(memory).set(body);
  return memory;
}

function timeoutOf(request: NormalRead): number {
  if (request.operation !== "search_batch") return request.timeout_ms;
  return Math.max(...request.queries.map((one) => one.timeout_ms));
}
