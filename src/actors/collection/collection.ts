/**
 * One collection as any node sees it: its operations over all of its shards, wherever their replicas
 * are.
 */
import { invalid } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import type { HybridClock } from "../../consistency/index.js";
import type { CollectionDescription, CollectionSettings } from "../../protocol/index.js";
import { ReadCoordinator } from "../reads/read-coordinator.js";
import type { ReadCodec } from "../reads/read-coordinator.js";
import type { StaleRows } from "../reads/read-parts.js";
import type { WatchSpec } from "../replica/messages.js";
import type { CollectionAccess, ShardAccess } from "../replicas/access.js";
import { describeShards } from "./describe-shards.js";
import { askStatuses } from "./shard-statuses.js";
import type { LocalShards } from "./local-shards.js";
import type { PreparedWrite } from "./prepared-write.js";
import { rootOf } from "./write-answer.js";
import type { WriteResult } from "./write-answer.js";
import { findByScroll } from "../reads/find-by-scroll.js";
import { onOneMap } from "../reads/one-map.js";
import type { FindMatches } from "../writes/filter-delete.js";
import type { Hints } from "../writes/hints.js";
import { UndecidedBatches } from "../writes/undecided-batches.js";
import { WriteCoordinator } from "../writes/write-coordinator.js";

export interface CollectionParts {
  readonly access: CollectionAccess;
  readonly local: LocalShards;
  readonly versions: HybridClock;
  readonly random: Random;
  /** Where writes leave what a replica did not confirm. */
  readonly hints: Hints;
  readonly codec: ReadCodec;
  readonly clock: Clock;
  /** Told of rows that reads found to be stale on a replica. */
  readonly repair: (stale: StaleRows) => void;
}

export class Collection {
  readonly settings: CollectionSettings;
  readonly reads: ReadCoordinator;
  readonly #parts: CollectionParts;
  readonly #writes: WriteCoordinator;
  /** As of the last write through this node. */
  #root = "";
  readonly #watches = new Map<string, WatchSpec>();

  constructor(parts: CollectionParts) {
    this.settings = parts.access.settings;
    this.#parts = parts;
    this.reads = new ReadCoordinator({ ...parts, local: (shard) => parts.local.get(shard) });
    const { collection } = this.settings;
    const find: FindMatches = (question) => findByScroll(this.reads, collection, question);
    this.#writes = new WriteCoordinator({ ...parts, find });
  }

  /** Errors: `INVALID_ARGUMENT` for another dimension, and those of the replicas. */
  async write(prepared: PreparedWrite): Promise<WriteResult> {
    const { collection, dimension } = this.settings;
    const given = prepared.dimension ?? dimension;
    if (given !== dimension) {
      throw invalid(`the collection has dimension ${dimension}, not ${given}`, "vectors");
    }
    const end = await this.#writes.write(prepared);
    this.#root = rootOf(end?.roots ?? []) ?? this.#root;
    const operation = prepared.write.kind;
    return { collection, operation, end, root: this.#root, now_ms: this.#parts.clock.now() };
  }

  /** Ends batches that nobody decided, from its start until its stop. */
  undecidedBatches(): UndecidedBatches {
    return new UndecidedBatches(this.#parts);
  }

  /** Errors: `NOT_ENOUGH_REPLICAS` when a shard has no replica that answers, `TIMEOUT`. */
  async describe(): Promise<CollectionDescription> {
    const { access } = this.#parts;
    const answers = await onOneMap(this.#parts, () =>
      Promise.all(access.shards().map(askStatuses)),
    );
    return describeShards(this.settings, answers);
  }

  /** Each shard of the map now, and how its replicas are reached. */
  shards(): readonly ShardAccess[] {
    return this.#parts.access.shards();
  }

  /** Errors: `INVALID_ARGUMENT` for a vector of another dimension. */
  async watch(spec: WatchSpec): Promise<void> {
    const { dimension } = this.settings;
    const given = spec.near?.vector.length ?? dimension;
    if (given !== dimension) {
      throw invalid(`the collection has dimension ${dimension}, not ${given}`, "near.vector");
    }
    this.#watches.set(spec.watch_id, spec);
    await Promise.all(this.#parts.local.list().map((shard) => shard.watch(spec)));
  }

  async unwatch(watchId: string): Promise<void> {
    this.#watches.delete(watchId);
    await Promise.all(this.#parts.local.list().map((shard) => shard.unwatch(watchId)));
  }

  /** Who watches now: a replica that starts is given them. */
  get watches(): readonly WatchSpec[] {
    return [...this.#watches.values()];
  }
}
