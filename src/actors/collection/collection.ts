/**
 * One collection as its node sees it: coordinates writes on the replica and reads over the searchers,
 * and keeps what all of them share (the memory of the rows, the newest index).
 */
import { invalid } from "../../base/index.js";
import type { Clock, DvespError, Random } from "../../base/index.js";
import type { HybridClock } from "../../consistency/index.js";
import type {
  IndexPublication,
  ListFacts,
  RebalanceStep,
  SharedRowsHandle,
} from "../../index/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import type { CollectionDescription, CollectionSettings } from "../../protocol/index.js";
import { answerOf } from "../../runtime/index.js";
import type { ActorRef, AskResult } from "../../runtime/index.js";
import type { ReplicaMessage, ReplicaStatus, WatchSpec } from "../replica/messages.js";
import type { SearcherMessage } from "../searcher/messages.js";
import { AnswerAreas } from "./answer-areas.js";
import type { PreparedWrite } from "./prepared-write.js";
import { collectionBytes } from "./collection-bytes.js";
import { ReadCoordinator } from "./read-coordinator.js";
import { WorkerPool } from "./worker-pool.js";
import type { WriteResult } from "./write-answer.js";
import { WriteCoordinator } from "./write-coordinator.js";

export interface CollectionParts {
  readonly settings: CollectionSettings;
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly versions: HybridClock;
  readonly replica: ActorRef<ReplicaMessage>;
  readonly searchers: WorkerPool;
  readonly builder: ActorRef;
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

export class Collection {
  readonly settings: CollectionSettings;
  readonly #parts: CollectionParts;
  readonly #writes: WriteCoordinator;
  readonly #reads: ReadCoordinator;
  readonly #areas = new AnswerAreas();
  readonly #watches = new Map<string, WatchSpec>();
  /** For questions that may be asked again when the replica is starting anew. */
  readonly #replica: WorkerPool;
  #rows: SharedRowsHandle;
  #publication: IndexPublication | undefined;
  #payload: PayloadPublication | undefined;
  /** Rows that the index covers which all searchers have. */
  #indexed = 0;
  #root = "";

  constructor(parts: CollectionParts) {
    this.settings = parts.settings;
    this.#parts = parts;
    this.#rows = parts.rows;
    this.#writes = new WriteCoordinator(parts);
    const { clock, replica, searchers, ended } = parts;
    this.#reads = new ReadCoordinator({ clock, searchers, areas: this.#areas });
    this.#replica = new WorkerPool({ clock, refs: [replica], ended });
  }

  /** Call once after the replica has started: later versions are larger than all that it holds. */
  async ready(): Promise<void> {
    const { applied_version } = await this.status();
    this.#parts.versions.restore(applied_version);
  }

  /** What an actor that reads rows for an index is given when it starts. */
  get shared(): readonly unknown[] {
    return [this.#rows];
  }

  /** What the searcher of this number is given when it starts. */
  sharedWithSearcher(searcher: number): readonly unknown[] {
    const { changes } = this.#parts;
    return [this.#rows, this.#areas.open(searcher), this.#publication, changes, this.#payload];
  }

  /** What the replica is given, which notes changes and deletes by filter. */
  get sharedWithReplica(): readonly unknown[] {
    return [this.#rows, this.#parts.changes, this.#payload];
  }

  /** What a payload builder that starts now goes on from. */
  get sharedWithPayloadBuilder(): readonly unknown[] {
    return [this.#parts.changes, this.#payload];
  }

  /** Errors: `INVALID_ARGUMENT` for another dimension, and those of the replica. */
  async write(prepared: PreparedWrite): Promise<WriteResult> {
    const { collection, dimension } = this.settings;
    if (prepared.dimension !== undefined && prepared.dimension !== dimension) {
      throw invalid(
        `the collection has dimension ${dimension}, not ${prepared.dimension}`,
        "vectors",
      );
    }
    const outcome = await this.#writes.write(prepared);
    if (outcome) this.#root = outcome.root;
    const { node, clock } = this.#parts;
    const operation = prepared.write.kind;
    return { collection, node, operation, outcome, root: this.#root, now_ms: clock.now() };
  }

  get reads(): ReadCoordinator {
    return this.#reads;
  }

  async status(): Promise<ReplicaStatus> {
    const status = await this.#replica.ask<ReplicaStatus>({ type: "status" }, statusMs);
    this.#root = status.root;
    return status;
  }

  async describe(): Promise<CollectionDescription> {
    const [{ rows, next_ordinal, bytes: stored }, indexDisk] = await Promise.all([
      this.status(),
      this.#indexDiskBytes(),
    ]);
    const publication = this.#publication;
    const copies = this.#parts.searchers.refs.length + 1;
    const unindexed = Math.max(0, next_ordinal - this.#indexed);
    return {
      ...this.settings,
      rows,
      indexed_rows: Math.max(0, rows - Math.min(rows, unindexed)),
      ...collectionBytes(rows, { stored, publication, copies, indexDisk }),
    };
  }

  async #indexDiskBytes(): Promise<number> {
    const end = await this.#parts.builder.ask({ type: "disk_bytes" }, { timeout_ms: statusMs });
    return end.outcome === "gone" ? 0 : answerOf(end as AskResult<number>, "the index builder");
  }

  /**
   * Gives every reader memory that the rows have grown into; resolves when all of them have it, or
   * will have it when they start. Rejects when one did not take it: then no row may lie in it.
   */
  async extendRows(handle: SharedRowsHandle): Promise<void> {
    this.#rows = handle;
    await this.#tellReaders({ type: "rows_extended" }, handle);
    const options = { timeout_ms: shareMs, attachments: [handle] };
    const end = await this.#parts.builder.ask({ type: "rows_extended" }, options);
    if (end.outcome !== "gone") answerOf(end, "the index builder");
  }

  /** Moves every searcher on to a newer index. */
  async publishIndex(publication: IndexPublication): Promise<void> {
    this.#publication = publication;
    await this.#tellReaders({ type: "index_published" }, publication);
    this.#indexed = publication.indexed;
  }

  /** Has the index do one step of rebalancing; what its lists are like afterwards. */
  async rebalance(step: RebalanceStep): Promise<ListFacts> {
    const options = { timeout_ms: rebalanceMs };
    return answerOf(await this.#parts.builder.ask<ListFacts>({ type: "rebalance", step }, options));
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

  /** Errors: `INVALID_ARGUMENT` for a vector of another dimension. */
  async watch(spec: WatchSpec): Promise<void> {
    const { dimension } = this.settings;
    const given = spec.near?.vector.length ?? dimension;
    if (given !== dimension) {
      throw invalid(`the collection has dimension ${dimension}, not ${given}`, "near.vector");
    }
    this.#watches.set(spec.watch_id, spec);
    await this.#tellReplica({ type: "watch", watch: spec });
  }

  async unwatch(watchId: string): Promise<void> {
    this.#watches.delete(watchId);
    await this.#tellReplica({ type: "unwatch", watch_id: watchId });
  }

  /** Who watches now: a replica that starts is given them. */
  get watches(): readonly WatchSpec[] {
    return [...this.#watches.values()];
  }

  async #tellReplica(message: ReplicaMessage): Promise<void> {
    await this.#replica.ask(message, statusMs);
  }

  /** A searcher that is gone gets the newest of everything when it starts again. */
  async #tellReaders(message: SearcherMessage, attachment: unknown): Promise<void> {
    const options = { timeout_ms: shareMs, attachments: [attachment] };
    const { refs } = this.#parts.searchers;
    const ends = await Promise.all(refs.map((ref) => ref.ask(message, options)));
    for (const end of ends) if (end.outcome !== "gone") answerOf(end, "a searcher");
  }
}
