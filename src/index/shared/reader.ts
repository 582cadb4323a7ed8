/**
 * One thread's reader of an index of engine `shared`. A walk keeps candidates of all kinds, so that
 * filters and deletions never cut the graph; those that do not qualify are left out afterwards, and
 * the walk keeps as many more candidates as their share demands. What is left is ranked by its
 * float32 rows.
 *
 * Where rows that qualify turn out to be rare near the query, the walk is repeated with more
 * candidates while that is cheaper than comparing with all that qualify. Results are never fewer
 * than exist.
 */
import { assert } from "../../base/index.js";
import { chooseEf } from "../calibration.js";
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
import { SharedGraph } from "./graph.js";
import type { SharedPublication } from "./publication.js";

/** Comparing with so many rows takes as long as one candidate of a walk. */
const rowsPerCandidate = 5;
/** Candidates ranked by their float32 rows, per hit wanted: codes confuse near neighbours. */
const rankedShare = 1.4;
const rankedMore = 1;
/** A walk is repeated when it keeps less than this share of the candidates it should. */
const keptShareMin = 0.5;

export class SharedReader implements IndexReader {
  readonly #rows: SharedRows;
  readonly #scanner: ExactScanner;
  #graph: SharedGraph;
  #publication: SharedPublication;
  #isClosed = false;

  constructor(publication: SharedPublication, rows: SharedRows) {
    this.#publication = publication;
    this.#rows = rows;
    this.#graph = SharedGraph.attach(publication.spec, publication.memory, rows.scratch.number);
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
    const { spec, memory } = publication;
    if (!this.#graph.isSame(memory)) {
      this.#graph = SharedGraph.attach(spec, memory, this.#rows.scratch.number);
    }
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
    if (k * 2 > admitted) return this.#scan(query, { kind: "scan" });
    const ef = chooseEf(calibration, { ef: effort.ef, recall: effort.recall ?? spec.recall }, k);
    if (ef === undefined || ef > efMax) return this.#scan(query, { kind: "scan" });
    return this.#walk(query, Math.max(ef, k), admitted);
  }

  #scan(query: IndexQuery, route: SearchRoute): IndexAnswer {
    const range = { from: 0, to: this.indexed, allow: query.allow };
    return { hits: this.#scanner.scan({ ...query, metric: this.metric }, range), route };
  }

  /** Walks until enough of the candidates qualify, while that is cheaper than to scan. */
  #walk(query: IndexQuery, ef: number, admitted: number): IndexAnswer {
    const { dead, written } = this.#rows;
    const share = (admitted / this.indexed) * (1 - dead / written);
    let candidates = Math.ceil(ef / share);
    if (candidates > efMax || (query.allow && !isCheaper(candidates, admitted))) {
      return this.#scan(query, { kind: "scan" });
    }
    for (;;) {
      const { hits, kept } = this.#walkOnce(query, candidates, ef);
      if (hits.ordinals.length === query.k && kept >= ef * keptShareMin) {
        const found = within(hits, query.maxDistance);
        return { hits: found, route: { kind: "walk", ef: candidates } };
      }
      const more = Math.ceil(candidates * Math.max(2, ef / (kept + 1)));
      if (!isCheaper(more, admitted)) break;
      candidates = more;
    }
    return this.#scan(query, { kind: "walk_then_scan", ef: candidates });
  }

  #walkOnce(
    { query, k, allow, shouldStop }: IndexQuery,
    candidates: number,
    ef: number,
  ): { readonly hits: Hits; readonly kept: number } {
    const wanted = Math.min(Math.ceil(k * rankedShare) + rankedMore, ef);
    const { ordinals, count } = this.#graph.walk({
      query,
      wanted,
      ef: candidates,
      limit: this.indexed,
      allow,
    });
    stopIfAsked({ shouldStop });
    const hits = this.#scanner.rank({ query, metric: this.metric, k }, ordinals);
    return { hits, kept: count };
  }
}

/** Whether so many candidates are found sooner by a walk than by comparing with `admitted` rows. */
function isCheaper(candidates: number, admitted: number): boolean {
  return candidates <= efMax && candidates * rowsPerCandidate < admitted;
}
