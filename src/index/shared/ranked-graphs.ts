/**
 * The ways in which graphs find rows near a query, each followed by ranking what was found by its float32
 * components. They say what they found, and leave it to others whether that is enough.
 */
import type { AllowList } from "../allow-list.js";
import { rankedCount } from "../covered-rows.js";
import { stopIfAsked, type ExactScanner } from "../exact-scanner.js";
import type { Hits } from "../hits.js";
import type { Metric } from "../metric.js";
import type { IndexQuery } from "../vector-index.js";
import { efMax } from "./graph-layout.js";
import type { GraphHits, GraphList } from "./graph-queries.js";
import type { GraphSet } from "./graph-set.js";

/**
 * Candidates that are ranked when all admitted rows were compared by their codes, as a multiple of the
 * hits, and on top. Rows far from the query lie close together on the scale of what codes confuse, and
 * more to rank costs little beside the comparing.
 */
const listedShare = 4;
const listedMore = 64;

export interface FilteredQuery extends IndexQuery {
  readonly allow: AllowList;
}

export interface Found {
  /** Nearest first, at most as many as were asked for. */
  readonly hits: Hits;
  /** Candidates that qualify. */
  readonly kept: number;
}

export class RankedGraphs {
  readonly #graphs: GraphSet;
  readonly #scanner: ExactScanner;
  readonly #metric: Metric;
  readonly #limit: number;

  /** Answers from the rows [0, limit). */
  constructor(graphs: GraphSet, scanner: ExactScanner, metric: Metric, limit: number) {
    this.#graphs = graphs;
    this.#scanner = scanner;
    this.#metric = metric;
    this.#limit = limit;
  }

  /** By a walk among all rows that keeps so many candidates, of which those for `ef` are ranked. */
  walk(query: IndexQuery, candidates: number, ef: number): Found {
    const { allow } = query;
    const walk = { ...this.#common(query), wanted: rankedOf(query.k, ef), ef: candidates, allow };
    return this.#rank(query, this.#graphs.walk(walk));
  }

  /** By a walk of effort `ef` over the admitted rows alone, so many in all. */
  filteredWalk(query: FilteredQuery, ef: number, admitted: number): Found {
    const { allow, k } = query;
    const share = admitted / this.#limit;
    const walk = { ...this.#common(query), wanted: rankedOf(k, ef), ef, share, allow };
    return this.#rank(query, this.#graphs.filteredWalk(walk));
  }

  /**
   * By comparing with the codes of all admitted rows. Undefined for more hits than a pool has room for,
   * and where rows died meanwhile that others should take the place of.
   */
  list(query: FilteredQuery): Hits | undefined {
    const { k, allow } = query;
    const wanted = Math.ceil(k * listedShare) + listedMore;
    if (wanted > efMax) return undefined;
    const ordinals = this.#graphs.list({ ...this.#common(query), wanted, allow });
    const { hits } = this.#rank(query, { ordinals, count: ordinals.length });
    return hits.ordinals.length < k && ordinals.length >= wanted ? undefined : hits;
  }

  #common({ query, shouldStop }: IndexQuery): Pick<GraphList, "query" | "limit" | "between"> {
    return { query, limit: this.#limit, between: () => stopIfAsked({ shouldStop }) };
  }

  #rank({ query, k }: IndexQuery, { ordinals, count }: GraphHits): Found {
    return { hits: this.#scanner.rank({ query, metric: this.#metric, k }, ordinals), kept: count };
  }
}

/** Candidates of a walk of effort `ef` that are ranked by their float32 rows, for `k` hits. */
export function rankedOf(k: number, ef: number): number {
  return Math.min(rankedCount(k), ef);
}
