/** A searcher's reader beside a replica, both over one store and one shared memory. */
import { SharedRows } from "../../../src/index/index.js";
import { AdmittedRows } from "../../../src/payload/index.js";
import { decodeMetadata } from "../../../src/protocol/index.js";
import type {
  DistanceMetric,
  Metadata,
  NormalScroll,
  NormalSearch,
  RawRow,
} from "../../../src/protocol/index.js";
import { rowSlots } from "../../../src/actors/row-slots.js";
import { AttachedIndexes } from "../../../src/actors/searcher/attached-indexes.js";
import { Deadline } from "../../../src/actors/searcher/deadline.js";
import { ShardReader } from "../../../src/actors/searcher/shard-reader.js";
import type { RowStore } from "../../../src/storage/index.js";
import { ReplicaWorld, dimension, vectorOf } from "../../support/replica-world.js";

const common = {
  collection: "c",
  consistency_level: "ONE",
  timeout_ms: 1000,
  after: undefined,
  filter: undefined,
  include_vectors: false,
  include_metadata: true,
} as const;

export class SearcherWorld {
  private constructor(
    readonly replica: ReplicaWorld,
    readonly store: RowStore,
    readonly index: AttachedIndexes,
    readonly reader: ShardReader,
  ) {}

  static async open(metric: DistanceMetric = "l2"): Promise<SearcherWorld> {
    const replica = await ReplicaWorld.open();
    const rows = SharedRows.attach(replica.rows.share(), rowSlots.firstSearcher);
    const store = await replica.openStore("read");
    const index = await AttachedIndexes.open(rows, { dimension, metric, index: { type: "flat" } });
    return new SearcherWorld(
      replica,
      store,
      index,
      new ShardReader({
        ...{ store, rows, index, metric },
        admitted: new AdmittedRows(replica.changes),
        changes: replica.changes,
        clock: replica.clock,
      }),
    );
  }

  deadline(timeoutMs = 1000): Deadline {
    return new Deadline(this.replica.clock, this.replica.clock.now(), timeoutMs);
  }

  /** The nearest rows to row `near`, as a search for them answers. */
  search(near: number, changes: Partial<NormalSearch> = {}) {
    return this.reader.search(searchFor(near, changes), this.deadline());
  }

  scroll(changes: Partial<NormalScroll> = {}) {
    const request: NormalScroll = {
      ...common,
      operation: "scroll",
      limit: 10,
      cursor: undefined,
      ...changes,
    };
    return this.reader.scroll(request, this.deadline());
  }

  /** Rows beside the ones storage has, as a writer leaves them that has not committed yet. */
  publishUncommitted(ns: readonly number[]): void {
    const { rows } = this.replica;
    const { written } = rows;
    rows.reserve(written + ns.length);
    rows.write(written, Float32Array.from(ns.flatMap(vectorOf)));
    rows.publish(written + ns.length);
  }
}

export function searchFor(near: number, changes: Partial<NormalSearch> = {}): NormalSearch {
  return {
    ...common,
    operation: "search",
    query_vector: Float32Array.from(vectorOf(near)),
    top_k: 5,
    offset: 0,
    distance_metric: undefined,
    exact: false,
    explain: false,
    max_distance: undefined,
    recall: undefined,
    ef: undefined,
    nprobe: undefined,
    ...changes,
  };
}

/** Rows by the numbers they were made from. */
export function numbersOf(rows: readonly RawRow[]): number[] {
  return rows.map(({ id }) => Number.parseInt(id.slice(-8), 16));
}

export function metadataOf(row: RawRow | undefined): Metadata | undefined {
  return row?.metadata && decodeMetadata(row.metadata);
}
