/**
 * The indexes of a shard as one searcher sees them, one for each metric: a search by a metric goes to
 * the index by that metric. Where none has been published every row is fresh, so it is a scan.
 */
import { metrics } from "../../index/index.js";
import type {
  IndexPublication,
  IndexedCollection,
  Metric,
  ReplicaAnswer,
  ReplicaQuery,
  SharedRows,
} from "../../index/index.js";
import { AttachedIndex } from "./attached-index.js";

export interface MetricQuery extends ReplicaQuery {
  readonly metric: Metric;
}

export interface MetricAnswer extends ReplicaAnswer {
  /** The engine of the index that was asked; `none` when no row was found by one. */
  readonly engine: IndexPublication["engine"] | "none";
}

/** Told of each search that no wish of its own kept from an index. */
export type NoteSearch = (metric: Metric, scannedRows: number) => void;

export class AttachedIndexes {
  readonly #rows: SharedRows;
  readonly #byMetric: Readonly<Record<Metric, AttachedIndex>>;
  readonly #note: NoteSearch;

  private constructor(
    rows: SharedRows,
    byMetric: Readonly<Record<Metric, AttachedIndex>>,
    note: NoteSearch,
  ) {
    this.#rows = rows;
    this.#byMetric = byMetric;
    this.#note = note;
  }

  /** With nothing indexed. */
  static async open(
    rows: SharedRows,
    collection: IndexedCollection,
    note: NoteSearch = () => undefined,
  ): Promise<AttachedIndexes> {
    const open = (metric: Metric): Promise<AttachedIndex> =>
      AttachedIndex.open(rows, { ...collection, metric });
    const [cosine, l2, dot_product] = await Promise.all([
      open("cosine"),
      open("l2"),
      open("dot_product"),
    ]);
    return new AttachedIndexes(rows, { cosine, l2, dot_product }, note);
  }

  search(query: MetricQuery): MetricAnswer {
    const { metric, exact = false, allow, effort } = query;
    const index = this.#byMetric[metric];
    const { publication } = index;
    const answer = index.search(query);
    const isScan = answer.route.kind === "scan";
    if (!exact && effort.recall !== 1) {
      this.#note(metric, isScan ? (allow?.count ?? this.#rows.written) : 0);
    }
    return { ...answer, engine: answer.indexed > 0 ? publication.engine : "none" };
  }

  /** Rows that stand in no index by a metric. */
  fresh(metric: Metric): number {
    return this.#rows.written - this.#byMetric[metric].publication.indexed;
  }

  /** Moves on to a newer publication. Errors: `DATA_CORRUPTED`; the one before stays attached. */
  refresh(publication: IndexPublication): Promise<void> {
    return this.#byMetric[publication.spec.metric].refresh(publication);
  }

  /** Lets go of the index by a metric: from now on, searches by it scan. */
  detach(metric: Metric): Promise<void> {
    return this.#byMetric[metric].detach();
  }

  close(): void {
    for (const metric of metrics) this.#byMetric[metric].close();
  }
}
