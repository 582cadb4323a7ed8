/** The replica as an actor: opens storage, fills shared memory, and hands messages to `Replica`. */
import { DvespError } from "../../base/index.js";
import { MerkleTree } from "../../consistency/index.js";
import { ExactScanner, SharedRows } from "../../index/index.js";
import type { SharedRowsHandle } from "../../index/index.js";
import { AdmittedRows, ChangeLog } from "../../payload/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import type { DistanceMetric } from "../../protocol/index.js";
import { defineActor } from "../../runtime/index.js";
import type { Actor, ActorContext, ActorRef, Address, Envelope } from "../../runtime/index.js";
import { openRowStore } from "../../storage/index.js";
import { CommitNews } from "../commit-news.js";
import { rowSlots } from "../row-slots.js";
import { answerMessage } from "./answer-message.js";
import type { ReplicaQuestion } from "./answer-message.js";
import { loadRows } from "./load-rows.js";
import type { LoadParts } from "./load-rows.js";
import type { ReplicaMessage, WatchSpec } from "./messages.js";
import type { RowChange } from "./row-change.js";
import type { PlannedRows } from "./planned-rows.js";
import { Replica } from "./replica.js";
import { WatchList } from "./watch-list.js";

export interface ReplicaArgs {
  readonly collection: string;
  readonly shard: number;
  readonly directory: string;
  readonly dimension: number;
  readonly distance_metric: DistanceMetric;
  /** Who makes new shared memory known to all readers. */
  readonly owner: Address;
  /** Told of commits: who builds the payload index, and who builds indexes of vectors. */
  readonly payloadBuilder: Address;
  readonly indexBuilders: readonly Address[];
  readonly watches: readonly WatchSpec[];
}

/** How long the owner may take to make new shared memory known. */
const extendMs = 30_000;
/** Between two times that builders are told of commits. */
const newsRestMs = 100;

type Message = ReplicaMessage | ReplicaQuestion;

export default defineActor<ReplicaArgs, Message>({
  concurrency: 1024,
  async start(context, args) {
    const [handle, log, payload] = context.attachments;
    const rows = SharedRows.attach(handle as SharedRowsHandle, rowSlots.replica);
    const changes = ChangeLog.attach(log as SharedArrayBuffer);
    const { directory, dimension } = args;
    const { disk, openTable } = context.storage;
    const store = await openRowStore({ directory, disk, openTable, dimension, mode: "write" });
    const tree = new MerkleTree();
    const reserve = reserver(context, args, rows);
    await loadRows({ store, rows, tree, reserve });
    // What an earlier writer had begun is visible now, or never will be.
    changes.settle();
    const admitted = new AdmittedRows(changes);
    if (payload !== undefined) admitted.refresh(payload as PayloadPublication);
    return new ReplicaActor(context, args, { store, rows, tree, reserve, changes, admitted });
  },
});

interface ReplicaActorParts extends LoadParts {
  readonly changes: ChangeLog;
  readonly admitted: AdmittedRows;
}

class ReplicaActor implements Actor<Message> {
  readonly #context: ActorContext;
  readonly #args: ReplicaArgs;
  readonly #scanner: ExactScanner;
  readonly #watches = new WatchList();
  readonly #replica: Replica;
  readonly #payloadBuilder: ActorRef;
  #indexBuilders: readonly ActorRef[];
  readonly #admitted: AdmittedRows;
  readonly #news: CommitNews;

  constructor(context: ActorContext, args: ReplicaArgs, parts: ReplicaActorParts) {
    this.#context = context;
    this.#args = args;
    this.#scanner = new ExactScanner(parts.rows);
    this.#payloadBuilder = context.ref(args.payloadBuilder);
    this.#indexBuilders = this.#refs(args.indexBuilders);
    this.#admitted = parts.admitted;
    this.#news = new CommitNews(context.clock, newsRestMs, () => this.#tellCommitted());
    for (const watch of args.watches) this.#watches.add(watch);
    this.#replica = new Replica({
      ...parts,
      clock: context.clock,
      committed: (plan, version, isCopy) => this.#committed(plan, version, isCopy),
      moved: () => this.#news.committed(),
      fail: (error) => context.crash(error),
    });
  }

  receive(message: Message, { attachments, deadline_ms }: Envelope): unknown {
    switch (message.type) {
      case "payload_published": {
        this.#admitted.refresh(attachments[0] as PayloadPublication);
        return;
      }
      case "index_builders": {
        this.#indexBuilders = this.#refs(message.addresses);
        return;
      }
      case "watch": {
        this.#watches.add(message.watch);
        return;
      }
      case "unwatch": {
        this.#watches.remove(message.watch_id);
        return;
      }
      default:
        return answerMessage(this.#replica, message, deadline_ms);
    }
  }

  stop(): Promise<void> {
    this.#news.stop();
    return this.#replica.close();
  }

  #committed(plan: PlannedRows, version: string, isCopy: boolean): void {
    const { collection, shard } = this.#args;
    this.#news.committed();
    if (isCopy) return;
    // One that was put right, or moved, is what it was.
    const isOther = (one: RowChange): boolean => one.before?.version !== one.after?.version;
    const changed = [...plan.singles].filter(isOther);
    const deleted = changed.filter((one) => one.after === undefined).length;
    const added = changed.filter((one) => one.before === undefined).length;
    const updated = changed.length - deleted - added;
    const inserted = added + plan.columnRows;
    this.#context.emit({ type: "write", collection, shard, version, inserted, updated, deleted });
    if (this.#watches.isEmpty) return;
    const all = [...plan.changes].filter(isOther);
    const seen = this.#watches.observe(all, (query, ordinal) => this.#distance(query, ordinal));
    for (const one of seen) this.#context.emit({ type: "watch", collection, ...one });
  }

  #tellCommitted(): void {
    this.#payloadBuilder.tell({ type: "rows_committed" });
    for (const ref of this.#indexBuilders) ref.tell({ type: "rows_committed" });
  }

  #refs(addresses: readonly Address[]): ActorRef[] {
    return addresses.map((address) => this.#context.ref(address));
  }

  #distance(query: Float32Array, ordinal: number): number {
    const target = { query, metric: this.#args.distance_metric, k: 1 };
    const { distances } = this.#scanner.rank(target, Uint32Array.of(ordinal));
    return distances[0] ?? Infinity;
  }
}

/** Makes room for rows in shared memory, and has every reader know new memory before it is used. */
function reserver(
  context: ActorContext,
  args: ReplicaArgs,
  rows: SharedRows,
): (count: number) => Promise<void> {
  let announced = rows.share().segments.length;
  return async (count) => {
    rows.reserve(count);
    const handle = rows.share();
    if (handle.segments.length === announced) return;
    const told = await context
      .ref(args.owner)
      .ask({ type: "rows_extended" }, { timeout_ms: extendMs, attachments: [handle] });
    if (told.outcome === "ok") {
      announced = handle.segments.length;
      return;
    }
    throw new DvespError("OVERLOADED", `new memory was not taken over: ${told.outcome}`);
  };
}
