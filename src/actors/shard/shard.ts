/**
 * One replica of one shard as its node sees it: keeps what its actors share (the memory of the rows,
 * the newest indexes), tells them of what is new, and says whom to ask.
 */
import { invalid } from "../../base/index.js";
import type { Clock, DvespError } from "../../base/index.js";
import type { HybridClock } from "../../consistency/index.js";
import type {
  IndexPublication,
  ListFacts,
  Metric,
  RebalanceStep,
  SharedRowsHandle,
} from "../../index/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import type { CollectionSettings } from "../../protocol/index.js";
import { answerOf } from "../../runtime/index.js";
import type { ActorRef, Address, AskOptions } from "../../runtime/index.js";
import type { IndexBuilderMessage } from "../index-builder/actor.js";
import type { CallerDesk } from "../caller/caller-desk.js";
import type { CopyMessage } from "../replica/copy-messages.js";
import type { ReplicaMessage, ReplicaStatus, WatchSpec } from "../replica/messages.js";
import type { ReplicationMessage } from "../replica/replication-messages.js";
import type { SearcherMessage } from "../searcher/messages.js";
import { WorkerPool } from "../worker-pool.js";
import { AnswerAreas } from "./answer-areas.js";
import type { ShardAddresses, ShardStatus } from "./messages.js";
import { shardBytes } from "./shard-bytes.js";
import { SearcherShares } from "./searcher-shares.js";
import type { SearcherPlace, Share } from "./searcher-shares.js";
import { SharedIndexes } from "./shared-indexes.js";

export interface ShardParts {
  readonly settings: CollectionSettings;
  readonly id: number;
  readonly clock: Clock;
  readonly versions: HybridClock;
  readonly replica: ActorRef<ReplicaMessage | ReplicationMessage | CopyMessage>;
  readonly searchers: WorkerPool;
  /** Who answers short searches on this thread, if anybody may. */
  readonly caller: CallerDesk | undefined;
  /** Builds the index by the collection's own metric. */
  readonly builder: ActorRef;
  /** Who watches the collection: a replica that starts is given them. */
  readonly watches: () => readonly WatchSpec[];
  /** Why the replica will not come back, if so. */
  readonly ended: () => DvespError | undefined;
  readonly rows: SharedRowsHandle;
  /** Memory of the `ChangeLog` of the rows. */
  readonly changes: SharedArrayBuffer;
}

const statusMs = 10_000;
const shareMs = 10_000;
/** A step over millions of rows takes minutes. */
const rebalanceMs = 3_600_000;

export class Shard {
  readonly settings: CollectionSettings;
  readonly id: number;
  readonly areas = new AnswerAreas();
  /** The newest Merkle root that is known. */
  root = "";
  readonly #parts: ShardParts;
  readonly #indexes: SharedIndexes;
  /** For questions that may be asked again when the replica is starting anew. */
  readonly #replica: WorkerPool;
  readonly #shares = new SearcherShares();
  #rows: SharedRowsHandle;
  #payload: PayloadPublication | undefined;

  constructor(parts: ShardParts) {
    const { settings, id, clock, replica, ended } = parts;
    this.settings = settings;
    this.id = id;
    this.#parts = parts;
    this.#rows = parts.rows;
    this.#indexes = new SharedIndexes(settings.distance_metric, parts.builder);
    this.#replica = new WorkerPool({ clock, refs: [replica], ended });
  }

  /** Call once after the replica has started: later versions are larger than all that it holds. */
  async ready(): Promise<void> {
    const { applied_version } = await this.#replicaStatus();
    this.#parts.versions.restore(applied_version);
  }

  get replica(): ActorRef<ReplicaMessage | ReplicationMessage | CopyMessage> {
    return this.#parts.replica;
  }

  get searchers(): WorkerPool {
    return this.#parts.searchers;
  }

  get caller(): CallerDesk | undefined {
    return this.#parts.caller;
  }

  /** Why the replica will not come back, if so. */
  ended(): DvespError | undefined {
    return this.#parts.ended();
  }

  get addresses(): ShardAddresses {
    const { replica, searchers } = this.#parts;
    return { replica: replica.address, searchers: searchers.refs.map(({ address }) => address) };
  }

  /** What an actor that reads rows for an index is given when it starts. */
  get shared(): readonly unknown[] {
    return [this.#rows];
  }

  /** What the searcher of this number, or that of the caller's thread, is given when it starts. */
  sharedWithSearcher(searcher: SearcherPlace): readonly unknown[] {
    const share = this.#share();
    this.#shares.give(searcher, share);
    const { rows, publications, payload } = share;
    return [rows, this.areas.open(searcher), publications, this.#parts.changes, payload];
  }

  /** Tells a searcher that has started what was published since it was given its share. */
  async searcherStarted(searcher: SearcherPlace): Promise<void> {
    const { searchers, caller } = this.#parts;
    const ref = searcher === "caller" ? caller?.searcher : searchers.refs[searcher];
    if (!ref) return;
    // All at once: whatever is published from now on comes after it.
    const told = this.#shares.news(searcher, this.#share()).map(({ message, attachments }) => {
      return ref.ask(message, { timeout_ms: shareMs, attachments });
    });
    await Promise.all(told);
  }

  #share(): Share {
    return { rows: this.#rows, publications: this.#indexes.publications, payload: this.#payload };
  }

  /** What the replica is given, which notes changes and deletes by filter. */
  get sharedWithReplica(): readonly unknown[] {
    return [this.#rows, this.#parts.changes, this.#payload];
  }

  /** What a payload builder that starts now goes on from. */
  get sharedWithPayloadBuilder(): readonly unknown[] {
    return [this.#parts.changes, this.#payload];
  }

  /** Errors: why the replica cannot be asked. */
  async status(): Promise<ShardStatus> {
    const [{ rows, next_ordinal, root, applied_version, bytes: stored }, indexDisk] =
      await Promise.all([this.#replicaStatus(), this.#indexDiskBytes()]);
    const { publications, others } = this.#indexes;
    const indexed = [this.settings.distance_metric, ...others].map((distance_metric) => {
      const fresh = Math.max(0, next_ordinal - this.#indexes.indexed(distance_metric));
      return { distance_metric, indexed_rows: Math.max(0, rows - fresh) };
    });
    const copies = this.#parts.searchers.refs.length + 1;
    const bytes = shardBytes({ stored, publications, copies, indexDisk });
    return { rows, root, applied_version, indexed, bytes };
  }

  async #replicaStatus(): Promise<ReplicaStatus> {
    const status = await this.#replica.ask<ReplicaStatus>({ type: "status" }, statusMs);
    this.root = status.root;
    return status;
  }

  async #indexDiskBytes(): Promise<number> {
    const ends = await this.#askBuilders<number>({ type: "disk_bytes" }, { timeout_ms: statusMs });
    return ends.reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * Gives every reader memory that the rows have grown into; resolves when all of them have it, or
   * will have it when they start. Rejects when one did not take it: then no row may lie in it.
   */
  async extendRows(handle: SharedRowsHandle): Promise<void> {
    this.#rows = handle;
    await this.#tellReaders({ type: "rows_extended" }, handle);
    const options = { timeout_ms: shareMs, attachments: [handle] };
    await this.#askBuilders({ type: "rows_extended" }, options);
  }

  /** Moves every searcher on to a newer index; not to one that was dropped. */
  async publishIndex(publication: IndexPublication): Promise<void> {
    if (!this.#indexes.publish(publication)) return;
    await this.#tellReaders({ type: "index_published" }, publication);
    this.#indexes.attached(publication);
  }

  /** Takes an index by another metric into what is shared; `announceIndex` when its builder runs. */
  addIndex(metric: Metric, builder: ActorRef): void {
    this.#indexes.add(metric, builder);
  }

  /** Has the replica tell the builder of commits, and the builder look at those until now. */
  async announceIndex(metric: Metric): Promise<void> {
    await this.#tellReplica({ type: "index_builders", addresses: this.indexBuilders });
    this.#indexes.builder(metric)?.tell({ type: "rows_committed" });
  }

  /** Has every searcher let go of the index by another metric, and the replica of its builder. */
  async dropIndex(metric: Metric): Promise<void> {
    this.#indexes.remove(metric);
    await this.#tellReaders({ type: "index_dropped", metric });
    await this.#tellReplica({ type: "index_builders", addresses: this.indexBuilders });
  }

  /** Who builds indexes of vectors now: a replica that starts is given them. */
  get indexBuilders(): readonly Address[] {
    return this.#indexes.builders.map(({ address }) => address);
  }

  /**
   * Has the index by a metric do one step of rebalancing; what its lists are like afterwards.
   * Errors: `INVALID_ARGUMENT` when there is no such index, and those of its builder.
   */
  async rebalance(metric: Metric, step: RebalanceStep): Promise<ListFacts> {
    const builder = this.#indexes.builder(metric);
    if (!builder) throw invalid(`there is no index by ${metric}`);
    const options = { timeout_ms: rebalanceMs };
    return answerOf(await builder.ask<ListFacts>({ type: "rebalance", step }, options));
  }

  /** Moves every searcher, and the replica, on to a newer payload index. */
  async publishPayload(publication: PayloadPublication): Promise<void> {
    this.#payload = publication;
    await this.#tellReaders({ type: "payload_published" }, publication);
    const message: ReplicaMessage = { type: "payload_published" };
    const options = { timeout_ms: shareMs, attachments: [publication] };
    const end = await this.#parts.replica.ask(message, options);
    if (end.outcome !== "gone") answerOf(end, "the replica");
  }

  watch(watch: WatchSpec): Promise<void> {
    return this.#tellReplica({ type: "watch", watch });
  }

  unwatch(watch_id: string): Promise<void> {
    return this.#tellReplica({ type: "unwatch", watch_id });
  }

  get watches(): readonly WatchSpec[] {
    return this.#parts.watches();
  }

  async #tellReplica(message: ReplicaMessage): Promise<void> {
    await this.#replica.ask(message, statusMs);
  }

  /** What the builders answer that are there. */
  async #askBuilders<Answer>(message: IndexBuilderMessage, options: AskOptions): Promise<Answer[]> {
    const { builders } = this.#indexes;
    const ends = await Promise.all(builders.map((one) => one.ask<Answer>(message, options)));
    const there = ends.filter(({ outcome }) => outcome !== "gone");
    return there.map((end) => answerOf(end, "an index builder"));
  }

  /** A searcher that is gone gets the newest of everything when it starts again. */
  async #tellReaders(message: SearcherMessage, ...attachments: unknown[]): Promise<void> {
    const options = { timeout_ms: shareMs, attachments };
    const { searchers, caller } = this.#parts;
    const refs = caller ? [...searchers.refs, caller.searcher] : searchers.refs;
    const ends = await Promise.all(refs.map((ref) => ref.ask(message, options)));
    for (const end of ends) if (end.outcome !== "gone") answerOf(end, "a searcher");
  }
}
