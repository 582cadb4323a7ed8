/**
 * The only writer of one shard's index: takes committed rows into it, a slice at a time, and makes
 * the result known. Search never waits for it: rows not yet taken in are scanned exactly.
 */
import { systemDisk, unreachable } from "../../base/index.js";
import type { Timer } from "../../base/index.js";
import { SharedRows, openIndexBuilder } from "../../index/index.js";
import type { IndexBuilder, IndexSpec, SharedRowsHandle } from "../../index/index.js";
import { defineActor } from "../../runtime/index.js";
import type { Actor, ActorContext, Address, Envelope } from "../../runtime/index.js";
import { PublishPolicy } from "./publish-policy.js";

export interface IndexBuilderArgs {
  readonly collection: string;
  readonly shard: number;
  readonly directory: string;
  readonly spec: IndexSpec;
  /** Told of each publication. */
  readonly owner: Address;
}

export type IndexBuilderMessage =
  | { readonly type: "rows_committed" }
  | { readonly type: "build_slice" }
  /** The shared memory has grown by a segment: attachments[0] is the new handle. */
  | { readonly type: "rows_extended" };

/** Rows taken in before the next message gets its turn. */
const sliceRows = 16;
const announceMs = 60_000;

export default defineActor<IndexBuilderArgs, IndexBuilderMessage>({
  async start(context, args) {
    const rows = SharedRows.attach(context.attachments[0] as SharedRowsHandle);
    const { spec, directory } = args;
    const builder = await openIndexBuilder(spec, rows, { directory, disk: systemDisk });
    const actor = new IndexBuilderActor(context, args, rows, builder);
    await actor.announceLoaded();
    return actor;
  },
});

class IndexBuilderActor implements Actor<IndexBuilderMessage> {
  readonly #context: ActorContext;
  readonly #args: IndexBuilderArgs;
  readonly #rows: SharedRows;
  readonly #builder: IndexBuilder;
  readonly #policy: PublishPolicy;
  #sliceAsked = false;
  #recheck: Timer | undefined;

  constructor(
    context: ActorContext,
    args: IndexBuilderArgs,
    rows: SharedRows,
    builder: IndexBuilder,
  ) {
    this.#context = context;
    this.#args = args;
    this.#rows = rows;
    this.#builder = builder;
    this.#policy = new PublishPolicy(builder.indexed);
  }

  async receive(message: IndexBuilderMessage, envelope: Envelope): Promise<void> {
    switch (message.type) {
      case "rows_extended":
        this.#rows.extend(envelope.attachments[0] as SharedRowsHandle);
        return;
      case "rows_committed":
        return this.#askForSlice();
      case "build_slice":
        this.#sliceAsked = false;
        return this.#buildSlice();
      default:
        return unreachable(message);
    }
  }

  stop(): Promise<void> {
    this.#recheck?.cancel();
    return this.#builder.close();
  }

  /** Makes a snapshot that was loaded at the start known, and goes on from there. */
  async announceLoaded(): Promise<void> {
    if (this.#builder.indexed > 0) await this.#publish();
    this.#askForSlice();
  }

  async #buildSlice(): Promise<void> {
    const idle = this.#builder.add(sliceRows) === 0;
    const { clock } = this.#context;
    const due = this.#policy.dueIn(this.#builder.indexed, idle, clock.monotonic());
    if (due === 0) await this.#publish();
    if (!idle) return this.#askForSlice();
    if (due === undefined || due === 0) return;
    this.#recheck?.cancel();
    this.#recheck = clock.after(due, () => this.#askForSlice());
  }

  async #publish(): Promise<void> {
    const { clock } = this.#context;
    const began = clock.monotonic();
    const publication = await this.#builder.publish();
    this.#policy.published(this.#builder.indexed, began, clock.monotonic());
    if (!publication) return;
    const { collection, shard, owner } = this.#args;
    await this.#context
      .ref(owner)
      .ask({ type: "published" }, { timeout_ms: announceMs, attachments: [publication] });
    const indexed_rows = this.#builder.indexed;
    this.#context.emit({ type: "index_published", collection, shard, indexed_rows });
  }

  #askForSlice(): void {
    if (this.#sliceAsked) return;
    this.#sliceAsked = true;
    this.#context.self.tell({ type: "build_slice" });
  }
}
