/**
 * The only writer of one shard's index: takes committed rows into it, a slice at a time, and makes
 * the result known. Search never waits for it: rows not yet taken in are scanned exactly.
 */
import { isDvespError, unreachable } from "../../base/index.js";
import type { Timer } from "../../base/index.js";
import { SharedRows, selectIndex } from "../../index/index.js";
import type {
  Idleness,
  IndexPublication,
  ListFacts,
  RebalanceStep,
  SharedRowsHandle,
  UpkeepNeed,
} from "../../index/index.js";
import { defineActor } from "../../runtime/index.js";
import type { Actor, ActorContext, Envelope } from "../../runtime/index.js";
import { builderSlot } from "../row-slots.js";
import { directoryBytes } from "./directory-bytes.js";
import { Leisure } from "./leisure.js";
import { ListRebalance } from "./list-rebalance.js";
import { nameOf, openIndex } from "./open-index.js";
import type { IndexBuilderArgs, OpenIndex } from "./open-index.js";
import { PublishPolicy } from "./publish-policy.js";

export type IndexBuilderMessage =
  | { readonly type: "rows_committed" }
  | { readonly type: "build_slice" }
  /** For an index of lists. Answered by their `ListFacts` when the step is done. */
  | { readonly type: "rebalance"; readonly step: RebalanceStep }
  /** Answers the bytes of its snapshots. */
  | { readonly type: "disk_bytes" }
  /** The shared memory has grown by a segment: attachments[0] is the new handle. */
  | { readonly type: "rows_extended" };

/** Rows taken in before it is asked whether to publish. */
const sliceRows = 512;
/** With no row for so long, rows have stopped coming. */
const quietMs = 1000;
const announceMs = 60_000;

export default defineActor<IndexBuilderArgs, IndexBuilderMessage>({
  // More than one, so that new memory is taken over while a publication is under way.
  concurrency: 4,
  async start(context, args) {
    const [handle] = context.attachments;
    const rows = SharedRows.attach(handle as SharedRowsHandle, builderSlot(args.index.metric));
    const spec = selectIndex(args.index, rows.committed);
    const actor = new IndexBuilderActor(
      context,
      args,
      rows,
      await openIndex(context, args, spec, rows),
    );
    await actor.announceLoaded();
    return actor;
  },
});

function policyOf({ builder }: OpenIndex): PublishPolicy {
  return new PublishPolicy(builder.publicationCost, builder.indexed);
}

class IndexBuilderActor implements Actor<IndexBuilderMessage> {
  readonly #context: ActorContext;
  readonly #args: IndexBuilderArgs;
  readonly #rows: SharedRows;
  #open: OpenIndex;
  #policy: PublishPolicy;
  readonly #lists: ListRebalance;
  readonly #leisure = new Leisure();
  #told: IndexPublication | undefined;
  #sliceAsked = false;
  #quietAtMs = 0;
  #recheck: Timer | undefined;

  constructor(context: ActorContext, args: IndexBuilderArgs, rows: SharedRows, opened: OpenIndex) {
    this.#context = context;
    this.#args = args;
    this.#rows = rows;
    this.#open = opened;
    this.#policy = policyOf(opened);
    this.#lists = new ListRebalance({
      context,
      index: nameOf(args),
      wake: () => this.#askForSlice(),
    });
  }

  async receive(
    message: IndexBuilderMessage,
    envelope: Envelope,
  ): Promise<ListFacts | number | undefined> {
    switch (message.type) {
      case "rows_extended":
        this.#rows.adopt(envelope.attachments[0] as SharedRowsHandle);
        return undefined;
      case "rows_committed": {
        this.#askForSlice();
        return undefined;
      }
      case "build_slice":
        await this.#runSlice();
        return undefined;
      case "disk_bytes":
        return directoryBytes(this.#context.storage.disk, this.#args.directory);
      case "rebalance":
        return this.#lists.run(this.#open.builder, message.step);
      default:
        return unreachable(message);
    }
  }

  stop(): Promise<void> {
    this.#recheck?.cancel();
    return this.#open.builder.close();
  }

  /** Makes a snapshot that was loaded at the start known, and goes on from there. */
  async announceLoaded(): Promise<void> {
    if (this.#open.builder.indexed > 0) await this.#tryPublish();
    this.#askForSlice();
  }

  /** One slice at a time; the next one is asked for when this one has ended. */
  async #runSlice(): Promise<void> {
    let more = false;
    try {
      more = await this.#buildSlice();
    } finally {
      this.#sliceAsked = false;
    }
    if (more) this.#askForSlice();
  }

  /** Whether there is more to do at once. */
  async #buildSlice(): Promise<boolean> {
    await this.#reselect();
    const { clock } = this.#context;
    const { committed } = this.#rows;
    const began = clock.monotonic();
    const idle = (await this.#open.builder.add(sliceRows)) === 0;
    const ended = clock.monotonic();
    // While a snapshot is written, rows wait.
    const isAwaited = !idle || this.#rows.committed > this.#open.builder.indexed;
    if (isAwaited) this.#quietAtMs = ended + quietMs;
    this.#lists.tell(this.#open.builder);
    const isRebalancing = this.#lists.advance(this.#open.builder);
    const isRebalanced = this.#lists.takeFinished();
    const need = await this.#upkeep(isAwaited ? "busy" : this.#stillness(ended), ended - began);
    if (isRebalanced || this.#dueIn(idle) === 0) await this.#tryPublish();
    const isBusy = !idle || isRebalancing || need === "now";
    if (!isBusy) this.#recheckLater(need);
    return isBusy || this.#rows.committed > committed;
  }

  /**
   * What is needed now takes turns with taking rows in, which took `addedMs`; what may wait is done in
   * idle time, and then a share of it.
   */
  async #upkeep(idleness: Idleness, addedMs: number): Promise<UpkeepNeed> {
    const { clock } = this.#context;
    const first = clock.monotonic();
    const isResting = this.#leisure.leftMs(first) > 0;
    if (isResting && idleness === "lull") return "leisure";
    for (;;) {
      const began = clock.monotonic();
      const need = await this.#open.builder.upkeep(isResting ? "busy" : idleness);
      const ended = clock.monotonic();
      if (need === "now" && ended - first < addedMs) continue;
      if (need === "now") return need;
      if (need === "nothing") return isResting ? "leisure" : need;
      this.#leisure.worked(need, began, ended);
      return "leisure";
    }
  }

  #stillness(nowMs: number): "lull" | "quiet" {
    return nowMs < this.#quietAtMs ? "lull" : "quiet";
  }

  /** Looks again when a publication, or what may wait, is due, and when rows have stopped coming. */
  #recheckLater(need: UpkeepNeed): void {
    const { clock } = this.#context;
    const nowMs = clock.monotonic();
    const rests = [
      this.#dueIn(true),
      need === "leisure" ? this.#leisure.leftMs(nowMs) : undefined,
      nowMs < this.#quietAtMs ? this.#quietAtMs - nowMs : undefined,
    ].filter((restMs) => restMs !== undefined);
    this.#recheck?.cancel();
    if (rests.length === 0) return;
    this.#recheck = clock.after(Math.min(...rests), () => this.#askForSlice());
  }

  #dueIn(idle: boolean): number | undefined {
    const { indexed, isPublished } = this.#open.builder;
    if (isPublished) return undefined;
    return this.#policy.dueIn(indexed, idle, this.#context.clock.monotonic());
  }

  /** A disk without room is no reason to crash: the publication before stays in use. */
  async #tryPublish(): Promise<void> {
    try {
      await this.#publish();
    } catch (error) {
      if (!isDvespError(error)) throw error;
      this.#policy.failed(this.#context.clock.monotonic());
      const failure = { ...nameOf(this.#args), error: error.toPlain() };
      this.#context.emit({ type: "index_publish_failed", ...failure });
    }
  }

  /** A collection with `auto` changes its kind of index as it grows. */
  async #reselect(): Promise<void> {
    const spec = selectIndex(this.#args.index, this.#rows.committed);
    if (spec.type === this.#open.spec.type) return;
    await this.#open.builder.close();
    this.#open = await openIndex(this.#context, this.#args, spec, this.#rows);
    this.#policy = policyOf(this.#open);
  }

  async #publish(): Promise<void> {
    const { clock } = this.#context;
    const began = clock.monotonic();
    const publication = await this.#open.builder.publish();
    if (publication === this.#told) return;
    this.#told = publication;
    this.#policy.published(this.#open.builder.indexed, began, clock.monotonic());
    const { owner } = this.#args;
    await this.#context
      .ref(owner)
      .ask({ type: "published" }, { timeout_ms: announceMs, attachments: [publication] });
    const indexed_rows = this.#open.builder.indexed;
    this.#context.emit({ type: "index_published", ...nameOf(this.#args), indexed_rows });
  }

  #askForSlice(): void {
    if (this.#sliceAsked) return;
    this.#sliceAsked = true;
    this.#context.self.tell({ type: "build_slice" });
  }
}
