/** A searcher as an actor: one per thread and shard, reads only. */
import { isDvespError, present, unreachable } from "../../base/index.js";
import { readCommitToken } from "../../consistency/index.js";
import type { IndexPublication, SharedRowsHandle } from "../../index/index.js";
import { moved } from "../../mailbox/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import { normaliseBatchPart, normaliseBody } from "../../protocol/index.js";
import type {
  BodyFormat,
  NormalCount,
  NormalSearch,
  NormalSearchBatch,
  RawSearchAnswer,
  SearchMetrics,
} from "../../protocol/index.js";
import { defineActor, yieldToEventLoop } from "../../runtime/index.js";
import type { Actor, ActorContext, Envelope } from "../../runtime/index.js";
import { AnswerBudget } from "./answer-budget.js";
import { CommitWaiters } from "./commit-waiters.js";
import type { Seen } from "./commit-waiters.js";
import { Deadline } from "./deadline.js";
import { encodeRead } from "./encode-read.js";
import type {
  NormalRead,
  ReadAnswer,
  SearcherMessage,
  SentAnswer,
  SharedRead,
  ShortAnswer,
} from "./messages.js";
import { packAnswer } from "./replica-answer.js";
import type { ReplicaAnswer } from "./replica-answer.js";
import { openParts } from "./searcher-parts.js";
import type { SearcherArgs, SearcherParts } from "./searcher-parts.js";
import { ShardReader } from "./shard-reader.js";

/** Reads and parts of batches under way at once. */
const readsMax = 256;
/** Of these, so many may wait for writes. */
const waitingMax = 192;
/** An answer so close to its end may find nobody waiting for it. */
const lateMs = 500;

/** A search on the thread of the caller is given up after so long, and asked of another searcher. */
const shortMsMax = 5;

export default defineActor<SearcherArgs, SearcherMessage>({
  concurrency: readsMax,
  async start(context, args) {
    return new Searcher(context, await openParts(context, args), args);
  },
});

/** A read that is under way. */
interface Read {
  readonly request: NormalRead;
  readonly arrivedMs: number;
  readonly accept: BodyFormat;
  /** Wall time at which the main thread stops waiting. */
  readonly dueMs: number;
  /** The memory of the budget that it shares with other parts of its batch. */
  readonly budget: SharedArrayBuffer | undefined;
}

class Searcher implements Actor<SearcherMessage> {
  readonly #context: ActorContext;
  readonly #parts: SearcherParts;
  readonly #reader: ShardReader;
  readonly #shard: number;
  readonly #isOnlyReplica: boolean;
  readonly #seen: Seen;
  readonly #waiters: CommitWaiters;

  constructor(context: ActorContext, parts: SearcherParts, { settings, shard }: SearcherArgs) {
    this.#context = context;
    this.#parts = parts;
    this.#shard = shard;
    const { clock } = context;
    const reader = new ShardReader({ ...parts, clock, metric: settings.distance_metric });
    this.#reader = reader;
    this.#isOnlyReplica = settings.replication_factor === 1;
    this.#seen = (points) => reader.seen(points, clock.now(), this.#isOnlyReplica);
    this.#waiters = new CommitWaiters(clock, this.#seen, waitingMax);
  }

  receive(message: SearcherMessage, envelope: Envelope): unknown {
    const dueMs = envelope.deadline_ms ?? Infinity;
    switch (message.type) {
      case "read": {
        const { request, accept, arrived_ms } = message;
        const [budget] = envelope.attachments as readonly SharedArrayBuffer[];
        return this.#read({ request, dueMs, arrivedMs: arrived_ms, accept, budget });
      }
      case "read_short":
        return this.#readShort(message.request, message.arrived_ms);
      case "read_raw":
        return this.#readRaw(message.request, dueMs);
      case "rows":
        return this.#reader.rows(message.ids, message.contents);
      case "read_encoded": {
        const { operation, collection, format, body, accept, arrived_ms } = message;
        const request = normaliseBody(operation, collection, format, body);
        return this.#read({ request, dueMs, arrivedMs: arrived_ms, accept, budget: undefined });
      }
      case "read_part": {
        const { part, collection, format, accept, arrived_ms } = message;
        const [budget, body] = envelope.attachments as readonly SharedArrayBuffer[];
        const bytes = new Uint8Array(present(body, "the body of the batch"));
        const request = normaliseBatchPart(part, collection, format, bytes);
        return this.#read({ request, dueMs, arrivedMs: arrived_ms, accept, budget });
      }
      case "index_published":
        return this.#parts.index.refresh(envelope.attachments[0] as IndexPublication);
      case "index_dropped":
        return this.#parts.index.detach(message.metric);
      case "payload_published": {
        this.#parts.admitted.refresh(envelope.attachments[0] as PayloadPublication);
        return;
      }
      case "rows_extended": {
        this.#parts.rows.adopt(envelope.attachments[0] as SharedRowsHandle);
        return;
      }
      default:
        return unreachable(message);
    }
  }

  async stop(): Promise<void> {
    this.#parts.report.close();
    this.#parts.index.close();
    this.#reader.close();
    await this.#parts.store.close();
  }

  /** Answers at once what needs to wait for nothing: most reads make no promise. */
  #read(read: Read): SentAnswer | Promise<SentAnswer> {
    const { request } = read;
    if (request.operation === "search_batch") return this.#batch(request, read);
    const deadline = new Deadline(this.#context.clock, read.arrivedMs, request.timeout_ms);
    const waiting = this.#waitFor(request, deadline);
    if (waiting) return waiting.then(() => this.#send(this.#answer(request, read, deadline), read));
    return this.#send(this.#answer(request, read, deadline), read);
  }

  /** For another node perhaps, whose clock says nothing here: its time is over with that of its ask. */
  #readRaw(request: SharedRead, dueMs: number): ReplicaAnswer | Promise<ReplicaAnswer> {
    const { clock } = this.#context;
    const arrivedMs = clock.monotonic();
    const timeoutMs = Math.min(request.timeout_ms, dueMs - arrivedMs);
    const deadline = new Deadline(clock, arrivedMs, timeoutMs);
    const answer = (): ReplicaAnswer => packAnswer(this.#rawAnswer(request, arrivedMs, deadline));
    return this.#waitFor(request, deadline)?.then(answer) ?? answer();
  }

  /** For a caller of this thread, who is given values of his own and no bytes. */
  #readShort(request: NormalSearch, arrivedMs: number): ShortAnswer {
    const { clock } = this.#context;
    const beganMs = clock.monotonic();
    const deadline = new Deadline(clock, arrivedMs, request.timeout_ms);
    deadline.check();
    if (!this.#reader.isShort(request)) return { answer: undefined, took_ms: 0 };
    const answer = untilTimeout(() =>
      this.#search(request, arrivedMs, deadline.until(beganMs + shortMsMax)),
    );
    deadline.check();
    return { answer: answer && forCaller(answer), took_ms: clock.monotonic() - beganMs };
  }

  #rawAnswer(request: SharedRead, arrivedMs: number, deadline: Deadline) {
    if (request.operation !== "count") return this.#rows(request, arrivedMs, deadline);
    if (this.#isOnlyReplica) return { ...this.#reader.count(request, deadline), root: "" };
    return this.#reader.countWithRoot(request, deadline);
  }

  async #batch({ queries }: NormalSearchBatch, read: Read): Promise<SentAnswer> {
    const answers: RawSearchAnswer[] = [];
    const budget = new AnswerBudget(read.budget);
    for (const query of queries) {
      const deadline = new Deadline(this.#context.clock, read.arrivedMs, query.timeout_ms);
      await this.#waitFor(query, deadline);
      answers.push(this.#search(query, read.arrivedMs, deadline, budget));
      await new Promise<void>((resolve) => yieldToEventLoop(resolve));
    }
    return this.#send({ operation: "search_batch", answers }, read);
  }

  #answer(request: SharedRead, { arrivedMs }: Read, deadline: Deadline): ReadAnswer {
    if (request.operation === "count") return this.#reader.count(request, deadline);
    return this.#rows(request, arrivedMs, deadline);
  }

  #rows(request: Exclude<SharedRead, NormalCount>, arrivedMs: number, deadline: Deadline) {
    switch (request.operation) {
      case "search":
        return this.#search(request, arrivedMs, deadline);
      case "get":
        return this.#reader.get(request);
      case "scroll":
        return this.#reader.scroll(request, deadline);
      default:
        return unreachable(request);
    }
  }

  #search(
    request: NormalSearch,
    arrivedMs: number,
    deadline: Deadline,
    budget = new AnswerBudget(),
  ): RawSearchAnswer {
    const { plan, exact, ...answer } = this.#reader.search(request, deadline, budget);
    const time_ms = this.#context.clock.monotonic() - arrivedMs;
    const metrics: SearchMetrics = {
      nodes_queried: 1,
      time_ms,
      consistency_level_achieved: request.consistency_level,
      exact,
    };
    if (request.explain) metrics.plan = plan;
    return { ...answer, metrics };
  }

  /** Encodes the answer where the main thread can read it, or else into the message. */
  #send(answer: ReadAnswer, { accept, dueMs }: Read): SentAnswer {
    const { slots } = this.#parts;
    // Nobody would let go of the slot of an answer that comes too late.
    const isLate = this.#context.clock.monotonic() > dueMs - lateMs;
    const slot = isLate ? undefined : slots.take();
    if (slot === undefined) return moved(encodeRead(accept, answer));
    const memory = slots.memoryOf(slot);
    try {
      const body = encodeRead(accept, answer, memory);
      if (body.buffer === memory.buffer) return { area: slots.id, slot, bytes: body.length };
      slots.release(slot);
      return moved(body);
    } catch (error) {
      slots.release(slot);
      throw error;
    }
  }

  /** Until the write of the commit token that the read carries is there. Errors: `TIMEOUT`. */
  #waitFor(
    request: { readonly after: string | undefined; readonly collection: string },
    deadline: Deadline,
  ): Promise<void> | undefined {
    deadline.check();
    if (request.after === undefined) return undefined;
    const point = readCommitToken(request.after, request.collection);
    if (!point.shards.includes(this.#shard) || this.#seen([point])[0]) return undefined;
    return this.#waiters.wait(point, deadline);
  }
}

/** What `search` comes to, or undefined when it took too long. */
function untilTimeout<Result>(search: () => Result): Result | undefined {
  try {
    return search();
  } catch (error) {
    if (isDvespError(error) && error.code === "TIMEOUT") return undefined;
    throw error;
  }
}

/** With vectors in memory of their own. */
function forCaller(answer: RawSearchAnswer): RawSearchAnswer {
  const { plan } = answer.metrics;
  const metrics = plan
    ? { ...answer.metrics, plan: { ...plan, caller_thread: true } }
    : answer.metrics;
  if (!answer.rows[0]?.vector) return { ...answer, metrics };
  const rows = answer.rows.map((row) =>
    row.vector ? { ...row, vector: new Float32Array(row.vector) } : row,
  );
  return { ...answer, metrics, rows };
}
