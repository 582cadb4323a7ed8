/** A searcher as an actor: one per thread and shard, reads only. */
import { SystemDisk, isDvespError, sleep, unreachable } from "../../base/index.js";
import { readCommitToken } from "../../consistency/index.js";
import { SharedRows } from "../../index/index.js";
import type { IndexPublication, SharedRowsHandle } from "../../index/index.js";
import { moved } from "../../mailbox/index.js";
import { encodeAnswer, encodeRawAnswer, normaliseBody } from "../../protocol/index.js";
import type { CollectionSettings, NormalSearch, RawSearchAnswer } from "../../protocol/index.js";
import { defineActor, yieldToEventLoop } from "../../runtime/index.js";
import type { Actor, ActorContext, Envelope } from "../../runtime/index.js";
import { openRowStore } from "../../storage/index.js";
import type { RowStore } from "../../storage/index.js";
import { indexedCollection } from "../collection/settings.js";
import { AnswerBudget } from "./answer-budget.js";
import { AttachedIndex } from "./attached-index.js";
import { Deadline } from "./deadline.js";
import type { NormalRead, ReadAnswer, SearcherMessage } from "./messages.js";
import { ShardReader } from "./shard-reader.js";

export interface SearcherArgs {
  readonly settings: CollectionSettings;
  readonly directory: string;
  /** Scratch slot of this thread in the shared rows. */
  readonly slot: number;
}

/** How often a read that waits for a write looks again. */
const waitMs = 2;

export default defineActor<SearcherArgs, SearcherMessage>({
  concurrency: 256,
  async start(context, args) {
    const [handle, publication] = context.attachments;
    const rows = SharedRows.attach(handle as SharedRowsHandle, args.slot);
    const { settings, directory } = args;
    const { dimension } = settings;
    const store = await openRowStore({
      directory,
      disk: new SystemDisk(),
      dimension,
      mode: "read",
    });
    const index = await AttachedIndex.open(rows, indexedCollection(settings));
    if (publication !== undefined) await attach(context, settings, index, publication);
    return new Searcher(context, { rows, store, index }, settings);
  },
});

/** An index that cannot be read is no reason not to search: until the next one, rows are scanned. */
async function attach(
  context: ActorContext,
  { collection }: CollectionSettings,
  index: AttachedIndex,
  publication: unknown,
): Promise<void> {
  try {
    await index.refresh(publication as IndexPublication);
  } catch (error) {
    if (!isDvespError(error)) throw error;
    context.emit({ type: "index_attach_failed", collection, error: error.toPlain() });
  }
}

interface SearcherParts {
  readonly rows: SharedRows;
  readonly store: RowStore;
  readonly index: AttachedIndex;
}

class Searcher implements Actor<SearcherMessage> {
  readonly #context: ActorContext;
  readonly #parts: SearcherParts;
  readonly #reader: ShardReader;

  constructor(context: ActorContext, parts: SearcherParts, settings: CollectionSettings) {
    this.#context = context;
    this.#parts = parts;
    this.#reader = new ShardReader({ ...parts, metric: settings.distance_metric });
  }

  receive(message: SearcherMessage, envelope: Envelope): unknown {
    switch (message.type) {
      case "read":
        return this.#read(message.request, message.arrived_ms);
      case "read_encoded":
        return this.#readEncoded(message);
      case "index_published":
        return this.#parts.index.refresh(envelope.attachments[0] as IndexPublication);
      case "rows_extended": {
        this.#parts.rows.adopt(envelope.attachments[0] as SharedRowsHandle);
        return;
      }
      default:
        return unreachable(message);
    }
  }

  async stop(): Promise<void> {
    this.#parts.index.close();
    await this.#parts.store.close();
  }

  async #readEncoded(
    message: Extract<SearcherMessage, { type: "read_encoded" }>,
  ): Promise<Uint8Array> {
    const { operation, collection, format, body, accept, arrived_ms } = message;
    const request = normaliseBody(operation, collection, format, body);
    const answer = await this.#read(request, arrived_ms);
    if (answer.operation !== "count") return moved(encodeRawAnswer(accept, answer));
    return encodeAnswer(accept, { count: answer.count });
  }

  async #read(request: NormalRead, arrivedMs: number): Promise<ReadAnswer> {
    if (request.operation === "search_batch") {
      const answers: RawSearchAnswer[] = [];
      const budget = new AnswerBudget();
      for (const query of request.queries) {
        answers.push(await this.#search(query, arrivedMs, budget));
        await new Promise<void>((resolve) => yieldToEventLoop(resolve));
      }
      return { operation: "search_batch", answers };
    }
    if (request.operation === "search") return this.#search(request, arrivedMs);
    const deadline = new Deadline(this.#context.clock, arrivedMs, request.timeout_ms);
    await this.#waitFor(request, deadline);
    switch (request.operation) {
      case "get":
        return this.#reader.get(request);
      case "scroll":
        return this.#reader.scroll(request, deadline);
      case "count":
        return this.#reader.count(request, deadline);
      default:
        return unreachable(request);
    }
  }

  async #search(
    request: NormalSearch,
    arrivedMs: number,
    budget = new AnswerBudget(),
  ): Promise<RawSearchAnswer> {
    const { clock } = this.#context;
    const deadline = new Deadline(clock, arrivedMs, request.timeout_ms);
    await this.#waitFor(request, deadline);
    const { plan, exact, ...answer } = this.#reader.search(request, deadline, budget);
    const time_ms = Math.max(0, clock.now() - arrivedMs);
    return {
      ...answer,
      metrics: {
        nodes_queried: 1,
        time_ms,
        consistency_level_achieved: request.consistency_level,
        exact,
        ...(request.explain && { plan }),
      },
    };
  }

  /** Until the write of the commit token that the read carries is there. Errors: `TIMEOUT`. */
  async #waitFor(
    request: { readonly after: string | undefined; readonly collection: string },
    deadline: Deadline,
  ): Promise<void> {
    deadline.check();
    if (request.after === undefined) return;
    const { version } = readCommitToken(request.after, request.collection);
    while (this.#reader.appliedVersion() < version) {
      deadline.check();
      await sleep(this.#context.clock, waitMs);
    }
  }
}
