/**
 * Builds one shard's payload index in the background, so that filters need not look at every row.
 * Search never waits for it: rows not yet taken in, or changed since, are looked at one by one.
 */
import { isDvespError, unreachable } from "../../base/index.js";
import type { Timer } from "../../base/index.js";
import { ChangeLog, PayloadBuilder } from "../../payload/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import { defineActor } from "../../runtime/index.js";
import type { Actor, ActorContext, Address } from "../../runtime/index.js";
import { openRowStore } from "../../storage/index.js";
import type { RowStore } from "../../storage/index.js";

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
/** Publish at once when so much is new; less waits for `restMs` after the last publication. */
const publishRows = 65_536;
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
  #publishedMs = -Infinity;
  #recheck: Timer | undefined;

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
  }

  async receive({ type }: PayloadBuilderMessage): Promise<void> {
    switch (type) {
      case "rows_committed": {
        this.askForSlice();
        return;
      }
      case "build_slice":
        return this.#runSlice();
      default:
        return unreachable(type);
    }
  }

  async stop(): Promise<void> {
    this.#recheck?.cancel();
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
      await this.#publishIfDue(more);
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
  }

  async #publishIfDue(more: boolean): Promise<void> {
    const { unpublished } = this.#builder;
    if (unpublished === 0 || (more && unpublished < publishRows)) return;
    const { clock } = this.#context;
    const dueMs = this.#publishedMs + restMs - clock.monotonic();
    if (dueMs > 0 && unpublished < publishRows) {
      this.#recheck?.cancel();
      this.#recheck = clock.after(dueMs, () => this.askForSlice());
      return;
    }
    await this.#publish();
  }

  async #publish(): Promise<void> {
    const { collection, shard, owner } = this.#args;
    const publication = this.#builder.publish();
    await this.#context
      .ref(owner)
      .ask({ type: "payload_published" }, { timeout_ms: announceMs, attachments: [publication] });
    this.#publishedMs = this.#context.clock.monotonic();
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
