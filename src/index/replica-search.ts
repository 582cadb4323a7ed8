/**
 * Search over all rows of a replica: the index for [0, indexed), an exact scan of the fresh rows
 * after it, merged. So a row is found from the moment it is published, whatever the builder does.
 */
import { ExactScanner, type Target } from "./exact-scanner.js";
import { FreshScanner } from "./fresh-scanner.js";
import type { Hits } from "./hits.js";
import type { Metric } from "./metric.js";
import { Nearest } from "./nearest.js";
import type { SharedRows } from "./shared-rows.js";
import type { IndexQuery, IndexReader, SearchRoute } from "./vector-index.js";

export interface ReplicaQuery extends IndexQuery {
  /** Default: the index's own. Another one is answered by an exact scan. */
  readonly metric?: Metric | undefined;
  /** Compare with every row, whatever the index. */
  readonly exact?: boolean | undefined;
}

export interface ReplicaAnswer {
  /** Distances are exact to float32; no dead rows; never fewer than exist. */
  readonly hits: Hits;
  /** Whether every admitted row was compared with the query. */
  readonly exact: boolean;
  /** How the indexed rows were searched. */
  readonly route: SearchRoute;
  /** Rows that the route covers. */
  readonly indexed: number;
  /** Rows after them, scanned one by one. */
  readonly fresh: number;
}

/** Those that compare with the float32 components of every row that qualifies. */
const exactRoutes: ReadonlySet<SearchRoute["kind"]> = new Set([
  "scan",
  "walk_then_scan",
  "probe_then_scan",
]);

export class ReplicaSearch {
  readonly #scanner: ExactScanner;
  readonly #fresh: FreshScanner;

  constructor(
    readonly rows: SharedRows,
    readonly reader: IndexReader,
  ) {
    this.#scanner = new ExactScanner(rows);
    this.#fresh = new FreshScanner(this.#scanner);
  }

  /**
   * The nearest among all rows that are readable at the call. Begins again when rows were taken back
   * on the way (see shared-rows.ts). Errors: `TIMEOUT` when told to stop.
   */
  search(query: ReplicaQuery): ReplicaAnswer {
    for (;;) {
      const { epoch } = this.rows;
      const answer = this.#searchOnce(query);
      if (this.rows.epoch === epoch) return answer;
    }
  }

  #searchOnce(query: ReplicaQuery): ReplicaAnswer {
    const { metric = this.reader.metric, exact = false, allow } = query;
    const target = { ...query, metric };
    const to = this.rows.written;
    if (exact || metric !== this.reader.metric) {
      const hits = this.#scanner.scan(target, { from: 0, to, allow });
      return { hits, exact: true, route: { kind: "scan" }, indexed: 0, fresh: to };
    }
    const { indexed } = this.reader;
    const { hits, route } = this.reader.search(query);
    return {
      hits:
        to > indexed
          ? merge(target, hits, this.#fresh.scan(target, { from: indexed, to, allow }))
          : hits,
      exact: exactRoutes.has(route.kind),
      route,
      indexed,
      fresh: Math.max(0, to - indexed),
    };
  }
}

function merge({ k }: Target, indexed: Hits, fresh: Hits): Hits {
  if (fresh.ordinals.length === 0) return indexed;
  const nearest = new Nearest(k);
  nearest.offerAll(indexed);
  nearest.offerAll(fresh);
  return nearest.drain();
}
