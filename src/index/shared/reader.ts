/**
 * One thread's reader of an index of engine `shared`. A walk keeps candidates of all kinds, so that
 * filters and deletions never cut the graph; those that do not qualify are left out afterwards, and
 * the walk keeps as many more candidates as their share demands. What is left is ranked by its
 * float32 rows.
 *
 * Where rows that qualify turn out to be rare near the query, the walk is repeated with more
 * candidates while that is cheaper than comparing with the codes of all that qualify (`list`).
 * Results are never fewer than exist.
 */
import { assert } from "../../base/index.js";
import type { AllowList } from "../allow-list.js";
import { chooseEf, rowsPerCandidate } from "../calibration.js";
import { rankedCount, scanCovered } from "../covered-rows.js";
import { ExactScanner, stopIfAsked } from "../exact-scanner.js";
import { within, type Hits } from "../hits.js";
import type { Metric } from "../metric.js";
import type { SharedRows } from "../shared-rows.js";
import type {
  IndexAnswer,
  IndexPublication,
  IndexQuery,
  IndexReader,
  SearchRoute,
} from "../vector-index.js";
import { efMax } from "./graph-layout.js";
import { GraphSet } from "./graph-set.js";
import type { SharedPublication } from "./publication.js";
import { WalkHistory } from "./walk-history.js";

/** So few rows are compared by their float32 components: that is as fast, and exact. */
const exactRowsMax = 256;
/**
 * The same when all admitted rows were compared by their codes. Rows far from the query lie close
 * together on the scale of what codes confuse, and more to rank costs little beside the comparing.
 */
const listedShare = 4;
const listedMore = 64;
/** A walk is repeated when it keeps less than this share of the candidates it should. */
const keptShareMin = 0.5;

export class SharedReader implements IndexReader {
  readonly #rows: SharedRows;
  readonly #scanner: ExactScanner;
  readonly #history = new WalkHistory();
  #graphs: GraphSet;
  #publication: SharedPublication;
  #isClosed = false;

  constructor(publication: SharedPublication, rows: SharedRows) {
    this.#publication = publication;
    this.#rows = rows;
    const { spec, memories } = publication;
    this.#graphs = GraphSet.attach(spec, memories, rows.scratch.number);
    this.#scanner = new ExactScanner(rows);
  }

  get metric(): Metric {
    return this.#publication.spec.metric;
  }

  get indexed(): number {
    return this.#publication.indexed;
  }

  refresh(publication: IndexPublication): Promise<void> {
    assert(publication.engine === "shared", "publication of the reader's engine");
    const { spec, memories } = publication;
    this.#graphs = GraphSet.attach(spec, memories, this.#rows.scratch.number, this.#graphs);
    this.#publication = publication;
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
  }

  search(query: IndexQuery): IndexAnswer {
    assert(!this.#isClosed, "an open reader");
    const { allow, k, effort } = query;
    const { spec, calibration, indexed } = this.#publication;
    const admitted = allow ? allow.countIn(0, indexed) : indexed;
    if (k * 2 > admitted || (allow && admitted <= exactRowsMax)) {
      return this.#scan(query, { kind: "scan" });
    }
    const { ef: wantedEf, recall = spec.recall } = effort;
    const scanEf = indexed / rowsPerCandidate;
    const ef = chooseEf(calibration, { ef: wantedEf, recall }, k, scanEf);
    if (ef === undefined || ef > efMax) return this.#scan(query, { kind: "scan" });
    return this.#walk(query, Math.max(ef, k), admitted);
  }

  #scan(query: IndexQuery, route: SearchRoute): IndexAnswer {
    return scanCovered(this.#scanner, query, this.#publication, route);
  }

  /** Walks until enough of the candidates qualify, while that is cheaper than to scan. */
  #walk(query: IndexQuery, ef: number, admitted: number): IndexAnswer {
    const { dead, written } = this.#rows;
    const share = (admitted / this.indexed) * (1 - dead / written);
    let candidates = Math.ceil(ef / share);
    const { allow } = query;
    if (allow && !(isCheaper(candidates, admitted) && this.#history.isWorthWhile(allow))) {
      return this.#list(query, allow, { kind: "list", compared: admitted });
    }
    if (candidates > efMax) return this.#scan(query, { kind: "scan" });
    for (;;) {
      const { hits, kept } = this.#walkOnce(query, candidates, ef);
      if (hits.ordinals.length === query.k && kept >= ef * keptShareMin) {
        const found = within(hits, query.maxDistance);
        if (allow) this.#history.note(allow, true);
        return { hits: found, route: { kind: "walk", ef: candidates } };
      }
      const more = Math.ceil(candidates * Math.max(2, ef / (kept + 1)));
      if (!isCheaper(more, admitted)) break;
      candidates = more;
    }
    if (!allow) return this.#scan(query, { kind: "walk_then_scan", ef: candidates });
    this.#history.note(allow, false);
    return this.#list(query, allow, {
      kind: "walk_then_list",
      ef: candidates,
      compared: admitted,
    });
  }

  /** Compares with the codes of all admitted rows, and ranks the best. */
  #list(query: IndexQuery, allow: AllowList, route: SearchRoute): IndexAnswer {
    const { k, shouldStop } = query;
    const wanted = Math.ceil(k * listedShare) + listedMore;
    if (wanted > efMax) return this.#scan(query, { kind: "scan" });
    const limit = this.indexed;
    const between = (): void => stopIfAsked({ shouldStop });
    const ordinals = this.#graphs.list({ query: query.query, wanted, limit, allow, between });
    const hits = this.#scanner.rank({ query: query.query, metric: this.metric, k }, ordinals);
    // Rows that died while they were ranked.
    if (hits.ordinals.length < k && ordinals.length >= wanted) return this.#scan(query, route);
    return { hits: within(hits, query.maxDistance), route };
  }

  #walkOnce(
    { query, k, allow, shouldStop }: IndexQuery,
    candidates: number,
    ef: number,
  ): { readonly hits: Hits; readonly kept: number } {
    const { ordinals, count } = this.#graphs.walk({
      query,
      wanted: rankedOf(k, ef),
      ef: candidates,
      limit: this.indexed,
      allow,
      between: () => stopIfAsked({ shouldStop }),
    });
    const hits = this.#scanner.rank({ query, metric: this.metric, k }, ordinals);
    return { hits, kept: count };
  }
}

/** Candidates of a walk of effort `ef` that are ranked by their float32 rows, for `k` hits. */
export function rankedOf(k: number, ef: number): number {
  return Math.min(rankedCount(k), ef);
}

/** Whether so many candidates are found sooner by a walk than by comparing with `admitted` rows. */
function isCheaper(candidates: number, admitted: number): boolean {
  return candidates <= efMax && candidates * rowsPerCandidate < admitted;
}
