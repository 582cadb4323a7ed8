/**
 * Builds one shard's payload index in the background, so that filters need not look at every row.
 * Search never waits for it: rows not yet taken in, or changed since, are looked at one by one.
 */
import { isDvespError, unreachable } from "../../base/index.js";
import { ChangeLog, PayloadBuilder } from "../../payload/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import { defineActor } from "../../runtime/index.js";
import type { Actor, ActorContext, Address } from "../../runtime/index.js";
import { openRowStore } from "../../storage/index.js";
import type { RowStore } from "../../storage/index.js";
import { CommitNews } from "../commit-news.js";

export interface PayloadBuilderArgs {
  readonly collection: string;
  readonly shard: number;
  readonly directory: string;
  readonly dimension: number;
  /** Told of each publication. */
  readonly owner: Address;
}

export type PayloadBuilderMessage =
  { readonly type: "rows_committed" } | { readonly type: "build_slice" };

/** Rows taken in before the next message gets its turn. */
const sliceRows = 512;
/** Publish before all is taken when so much is new. */
const publishRows = 65_536;
/**
 * After all was taken, what comes next waits so long: nothing of it would be published sooner, and a look
 * at the store costs as much as taking some dozens of rows.
 */
const restMs = 500;
const announceMs = 60_000;

/** attachments: memory of the change log, and the newest publication if there is one. */
export default defineActor<PayloadBuilderArgs, PayloadBuilderMessage>({
  async start(context, args) {
    const [changes, publication] = context.attachments;
    const { directory, dimension } = args;
    const { disk, openTable } = context.storage;
    const store = await openRowStore({ directory, disk, openTable, dimension, mode: "read" });
    const builder = new PayloadBuilder(
      ChangeLog.attach(changes as SharedArrayBuffer),
      publication as PayloadPublication | undefined,
    );
    const actor = new PayloadBuilderActor(context, args, store, builder);
    actor.askForSlice();
    return actor;
  },
});

class PayloadBuilderActor implements Actor<PayloadBuilderMessage> {
  readonly #context: ActorContext;
  readonly #args: PayloadBuilderArgs;
  readonly #store: RowStore;
  readonly #builder: PayloadBuilder;
  #sliceAsked = false;
  readonly #news: CommitNews;

  constructor(
    context: ActorContext,
    args: PayloadBuilderArgs,
    store: RowStore,
    builder: PayloadBuilder,
  ) {
    this.#context = context;
    this.#args = args;
    this.#store = store;
    this.#builder = builder;
    this.#news = new CommitNews(context.clock, restMs, () => this.askForSlice());
  }

  async receive({ type }: PayloadBuilderMessage): Promise<void> {
    switch (type) {
      case "rows_committed": {
        this.#news.committed();
        return;
      }
      case "build_slice":
        return this.#runSlice();
      default:
        return unreachable(type);
    }
  }

  async stop(): Promise<void> {
    this.#news.stop();
    await this.#store.close();
  }

  /** One slice at a time; the next one is asked for when this one has ended. */
  askForSlice(): void {
    if (this.#sliceAsked) return;
    this.#sliceAsked = true;
    this.#context.self.tell({ type: "build_slice" });
  }

  async #runSlice(): Promise<void> {
    let more = false;
    try {
      more = this.#builder.step(() => this.#store.snapshot(), sliceRows);
      const { unpublished } = this.#builder;
      if (unpublished > 0 && (!more || unpublished >= publishRows)) await this.#publish();
    } catch (error) {
      if (!isDvespError(error)) throw error;
      const { collection, shard } = this.#args;
      this.#context.emit({
        type: "payload_build_failed",
        collection,
        shard,
        error: error.toPlain(),
      });
    } finally {
      this.#sliceAsked = false;
    }
    if (more) this.askForSlice();
    else this.#news.rest();
  }

  async #publish(): Promise<void> {
    const { collection, shard, owner } = this.#args;
    const publication = this.#builder.publish();
    await this.#context
      .ref(owner)
      .ask({ type: "payload_published" }, { timeout_ms: announceMs, attachments: [publication] });
    const { covered, layers } = publication;
    const bytes = layers.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    this.#context.emit({
      type: "payload_published",
      collection,
      shard,
      covered_rows: covered,
      bytes,
    });
  }
}
