/** Replicas of one collection that hold rows at points of a line, and answer as searchers do. */
import {
  VirtualClock,
  formatUuid,
  randomFraction,
  randomUuid,
  seededRandom,
  sleep,
  uuidBytes,
  packUuids,
} from "../../../../src/base/index.js";
import type { Random } from "../../../../src/base/index.js";
import { evenRanges, hashOfId, shardOfHash } from "../../../../src/cluster/index.js";
import type { ReplicaPlace } from "../../../../src/cluster/index.js";
import { MerkleTree, merkleBucket, merkleBuckets } from "../../../../src/consistency/index.js";
import type { NormalScroll, NormalSearch, RawRow } from "../../../../src/protocol/index.js";
import type { AskResult } from "../../../../src/runtime/index.js";
import { completeSettings } from "../../../../src/actors/index.js";
import type { CollectionAccess, ReplicaAccess } from "../../../../src/actors/index.js";
import type { BucketCounts } from "../../../../src/actors/replica/replication-messages.js";
import { SharedReads } from "../../../../src/actors/reads/shared-reads.js";
import type { StaleRows } from "../../../../src/actors/reads/read-parts.js";
import type {
  NormalRead,
  ReadAnswer,
  SearcherMessage,
  SharedRead,
} from "../../../../src/actors/searcher/messages.js";
import { packRows } from "../../../../src/actors/searcher/replica-answer.js";
import type { ReplicaAnswer } from "../../../../src/actors/searcher/replica-answer.js";
import { readCursor } from "../../../../src/actors/searcher/scroll-cursor.js";

export interface ModelRow {
  readonly version: string;
  /** Undefined: a tombstone. */
  readonly position?: number;
}

export const versionOf = (n: number): string => String(n).padStart(6, "0");

/** Filters admit rows at even positions. */
export const evenOnly = { even: true };

export class ModelReader implements ReplicaAccess {
  readonly rows = new Map<string, ModelRow>();
  readonly asked: SearcherMessage[] = [];
  readonly local: boolean;
  outstanding = 0;
  alive = true;
  delayMs: () => number = () => 1;
  /** How it ends its questions, if not by answers. */
  end: AskResult<never> | undefined;
  /** Share of the hits that it does not find. */
  missed = 0;

  constructor(
    readonly place: ReplicaPlace,
    readonly world: { readonly clock: VirtualClock; readonly random: Random },
    isLocal: boolean,
  ) {
    this.local = isLocal;
  }

  isAlive(): boolean {
    return this.alive;
  }

  async ask<Answer>(message: Parameters<ReplicaAccess["ask"]>[0]): Promise<AskResult<Answer>> {
    await sleep(this.world.clock, this.delayMs());
    if (this.end) return this.end;
    if (message.type === "bucket_counts") return { outcome: "ok", value: this.#counts() as Answer };
    if (message.type !== "bucket_entries") throw new Error("reads do not ask who writes");
    const wanted = new Set(message.buckets);
    const ids = [...this.rows.keys()].filter((id) => wanted.has(merkleBucket(packUuids([id]))));
    const held = ids.map((id) => this.rows.get(id) as ModelRow);
    const live = Uint8Array.from(held, ({ position }) => (position === undefined ? 0 : 1));
    const versions = held.map(({ version }) => version);
    return { outcome: "ok", value: { ids: packUuids(ids), versions, live } as Answer };
  }

  #counts(): BucketCounts {
    const tree = this.#tree();
    const counts = new Uint32Array(merkleBuckets);
    for (const { id } of this.#live(false)) {
      (counts[merkleBucket(packUuids([id]))] as number)++;
    }
    const leaves = Array.from(counts, (_, bucket) => tree.leaf(bucket));
    return { leaves: new Uint8Array(Buffer.concat(leaves)), counts };
  }

  status(): never {
    throw new Error("reads do not ask for the status");
  }

  async read<Answer>(message: SearcherMessage): Promise<AskResult<Answer>> {
    this.asked.push(message);
    this.outstanding++;
    const value = this.#answer(message);
    await sleep(this.world.clock, this.delayMs());
    this.outstanding--;
    return this.end ?? { outcome: "ok", value: value as Answer };
  }

  #answer(message: SearcherMessage): unknown {
    if (message.type === "read_raw") return this.#raw(message.request);
    if (message.type !== "rows") throw new Error(`not asked ${message.type}`);
    const ids = Array.from({ length: message.ids.length / uuidBytes }, (_, index) =>
      formatUuid(message.ids, index * uuidBytes),
    );
    const held = ids.map((id) => this.rows.get(id));
    const live = Uint8Array.from(held, (one) => (one?.position === undefined ? 0 : 1));
    return { ids: message.ids, versions: held.map((one) => one?.version ?? ""), live };
  }

  #raw(request: SharedRead): ReplicaAnswer {
    switch (request.operation) {
      case "search": {
        const found = this.#nearest(request).filter(
          () => randomFraction(this.world.random) >= this.missed,
        );
        const rows = packRows(found.slice(0, request.top_k));
        return { operation: "search", rows, exact: true, plan: { route: "scan" } };
      }
      case "scroll": {
        const { rows, more } = this.#page(request);
        return { operation: "scroll", rows: packRows(rows), more };
      }
      case "get": {
        const live = this.#live(false);
        const rows = request.ids.flatMap((id) => live.filter((row) => row.id === id));
        const missing_ids = request.ids.filter((id) => this.rows.get(id)?.position === undefined);
        const deleted = missing_ids.map((id) => this.rows.get(id)?.version ?? "");
        return { operation: "get", rows: packRows(rows), missing_ids, deleted };
      }
      case "count":
        return {
          operation: "count",
          count: this.#live(request.filter !== undefined).length,
          root: this.#root(),
        };
    }
  }

  #nearest({ query_vector, filter, max_distance = Infinity }: NormalSearch): RawRow[] {
    return this.#live(filter !== undefined)
      .map((row) => ({ ...row, distance: Math.abs(positionOf(row) - (query_vector[0] ?? 0)) }))
      .filter(({ distance }) => distance <= max_distance)
      .sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1));
  }

  #page({ cursor, limit, filter }: NormalScroll): { rows: RawRow[]; more: boolean } {
    const after = cursor === undefined ? "" : formatUuid(readCursor(cursor), 0);
    const rows = this.#live(filter !== undefined)
      .filter(({ id }) => id > after)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    return { rows: rows.slice(0, limit), more: rows.length > limit };
  }

  #live(isFiltered: boolean): RawRow[] {
    return [...this.rows].flatMap(([id, { version, position }]) => {
      if (position === undefined || (isFiltered && position % 2 !== 0)) return [];
      return [{ id, version, vector: Float32Array.of(position) }];
    });
  }

  #root(): string {
    return this.#tree().root();
  }

  #tree(): MerkleTree {
    const tree = new MerkleTree();
    for (const [id, { version }] of this.rows) tree.add({ id: packUuids([id]), version });
    return tree;
  }
}

export function positionOf({ vector }: RawRow): number {
  return vector?.[0] ?? NaN;
}

export interface ReadWorldOptions {
  readonly seed: number;
  readonly shards: number;
  readonly replicas: number;
}

/** A collection on nodes n0, n1, …, read from n0. */
export class ReadWorld {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly stale: StaleRows[] = [];
  readonly reads: { read(request: NormalRead): Promise<ReadAnswer> };
  readonly repair = (rows: StaleRows): void => void this.stale.push(rows);
  /** By shard, then by node. */
  readonly readers: ModelReader[][];
  readonly access: CollectionAccess;

  constructor({ seed, shards, replicas }: ReadWorldOptions) {
    this.random = seededRandom(seed);
    const nodes = Array.from({ length: replicas }, (_, index) => `n${index}`);
    const places = nodes.map((node) => ({ node, state: "active", identity: node }) as const);
    this.readers = evenRanges(shards).map(() =>
      places.map((place) => new ModelReader(place, this, place.node === "n0")),
    );
    const access = evenRanges(shards).map((range, index) => ({
      shard: { ...range, epoch: 1, replicas: places },
      replicas: this.readers[index] as ModelReader[],
    }));
    const settings = completeSettings({
      ...{ collection: "c", dimension: 1, distance_metric: "l2", index: { type: "flat" } },
      ...{ shards: undefined, replication_factor: replicas },
    });
    const newer = (): Promise<void> => Promise.resolve();
    this.access = { settings, shards: () => access, newer };
    const { clock, repair } = this;
    const shared = new SharedReads({ clock, access: this.access, repair });
    this.reads = { read: (request) => shared.read(request, access) };
  }

  newId(): string {
    return randomUuid(this.random);
  }

  below(count: number): number {
    return Math.floor(randomFraction(this.random) * count);
  }

  /** The replicas of the shard of an id. */
  readersOf(id: string): ModelReader[] {
    const places = this.access.shards().map(({ shard }) => shard);
    const shard = shardOfHash(places, hashOfId(packUuids([id])));
    return this.readers[places.indexOf(shard)] as ModelReader[];
  }

  /** How a promise ends, on virtual time. */
  async ended<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    promise.catch(() => undefined);
    await this.clock.advance(withinMs);
    const never = new Promise<never>((_, reject) => {
      setImmediate(() => reject(new Error("it still waits")));
    });
    return Promise.race([promise, never]);
  }
}
