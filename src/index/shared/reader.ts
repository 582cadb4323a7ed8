/**
 * One thread's reader of an index of engine `shared`. A walk keeps candidates of all kinds, so that
 * filters and deletions never cut the graph; those that do not qualify are left out afterwards, and
 * the walk keeps as many more candidates as their share demands. What is left is ranked by its
 * float32 rows.
 *
 * Where rows that qualify turn out to be rare near the query, the walk is repeated with more
 * candidates while that is cheaper than comparing with the codes of all that qualify (`list`). Instead
 * of either, where it is cheaper and finds as much, a walk goes over the rows that qualify alone.
 * Results are never fewer than exist.
 */
import { assert } from "../../base/index.js";
import { chooseEf, recallOf, rowsPerCandidate } from "../calibration.js";
import { scanCovered } from "../covered-rows.js";
import { ExactScanner } from "../exact-scanner.js";
import { within } from "../hits.js";
import type { Metric } from "../metric.js";
import type { SharedRows } from "../shared-rows.js";
import type {
  IndexAnswer,
  IndexPublication,
  IndexQuery,
  IndexReader,
  SearchRoute,
} from "../vector-index.js";
import { FilteredWalks } from "./filtered-walks.js";
import { efMax, graphLayout } from "./graph-layout.js";
import { GraphSet } from "./graph-set.js";
import type { SharedPublication } from "./publication.js";
import { RankedGraphs, type FilteredQuery } from "./ranked-graphs.js";
import { filteredEf, filteredWalkCost, isWalkCheaper, listCost } from "./walk-costs.js";
import { WalkHistory } from "./walk-history.js";

/** So few rows are compared by their float32 components: that is as fast, and exact. */
const exactRowsMax = 256;
/** A walk is repeated when it keeps less than this share of the candidates it should. */
const keptShareMin = 0.5;

/** A walk among all rows: candidates that should qualify, rows that do, candidates to begin with. */
interface WalkPlan {
  readonly ef: number;
  readonly admitted: number;
  readonly candidates: number;
}

export class SharedReader implements IndexReader {
  readonly #rows: SharedRows;
  readonly #scanner: ExactScanner;
  readonly #history = new WalkHistory();
  readonly #filteredWalks = new FilteredWalks();
  readonly #codeBytes: number;
  #graphs: GraphSet;
  #ranked: RankedGraphs;
  #publication: SharedPublication;
  #isClosed = false;

  constructor(publication: SharedPublication, rows: SharedRows) {
    this.#publication = publication;
    this.#rows = rows;
    const { spec, memories } = publication;
    this.#codeBytes = graphLayout(spec).codeBytes;
    this.#scanner = new ExactScanner(rows);
    this.#graphs = GraphSet.attach(spec, memories, rows.scratch.number);
    this.#ranked = this.#rank(publication);
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
    this.#ranked = this.#rank(publication);
    this.#publication = publication;
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
  }

  #rank({ spec, indexed }: SharedPublication): RankedGraphs {
    return new RankedGraphs(this.#graphs, this.#scanner, spec.metric, indexed);
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

  /** Walks if that is cheaper than to scan. */
  #walk(query: IndexQuery, ef: number, admitted: number): IndexAnswer {
    const { dead, written } = this.#rows;
    const share = (admitted / this.indexed) * (1 - dead / written);
    const plan = { ef, admitted, candidates: Math.ceil(ef / share) };
    const { allow } = query;
    if (allow) return this.#searchAdmitted({ ...query, allow }, plan);
    if (plan.candidates > efMax) return this.#scan(query, { kind: "scan" });
    return this.#walkOn(query, plan, (last) =>
      this.#scan(query, { kind: "walk_then_scan", ef: last }),
    );
  }

  #searchAdmitted(query: FilteredQuery, plan: WalkPlan): IndexAnswer {
    const { admitted, candidates } = plan;
    if (isWalkCheaper(candidates, admitted) && this.#history.isWorthWhile(query.allow)) {
      const walk = (): IndexAnswer => this.#walkOrList(query, plan);
      return this.#filteredOr(query, plan, "filtered_walk", candidates, walk);
    }
    const list = (): IndexAnswer => this.#list(query, { kind: "list", compared: admitted });
    return this.#filteredOr(query, plan, "filtered_walk", this.#listCost(admitted), list);
  }

  /** Walks among all rows; where that finds too few of the admitted ones, looks at these alone. */
  #walkOrList(query: FilteredQuery, plan: WalkPlan): IndexAnswer {
    const { admitted } = plan;
    let isHit = true;
    const answer = this.#walkOn(query, plan, (last) => {
      isHit = false;
      const route = { kind: "walk_then_list", ef: last, compared: admitted } as const;
      const list = (): IndexAnswer => this.#list(query, route);
      const cost = this.#listCost(admitted);
      return this.#filteredOr(query, plan, "walk_then_filtered_walk", cost, list);
    });
    this.#history.note(query.allow, isHit);
    return answer;
  }

  /** Walks with more and more candidates until enough of them qualify, or `instead` is cheaper. */
  #walkOn(
    query: IndexQuery,
    plan: WalkPlan,
    instead: (candidates: number) => IndexAnswer,
  ): IndexAnswer {
    const { ef, admitted } = plan;
    let { candidates } = plan;
    for (;;) {
      const { hits, kept } = this.#ranked.walk(query, candidates, ef);
      if (hits.ordinals.length === query.k && kept >= ef * keptShareMin)
        return { hits: within(hits, query.maxDistance), route: { kind: "walk", ef: candidates } };
      const more = Math.ceil(candidates * Math.max(2, ef / (kept + 1)));
      if (!isWalkCheaper(more, admitted)) return instead(candidates);
      candidates = more;
    }
  }

  /**
   * A walk over admitted rows alone where that is cheaper than `other`, which costs as much as so many
   * candidates, and finds as much with this filter.
   */
  #filteredOr(
    query: FilteredQuery,
    { ef: wantedEf, admitted }: WalkPlan,
    kind: "filtered_walk" | "walk_then_filtered_walk",
    otherCost: number,
    other: () => IndexAnswer,
  ): IndexAnswer {
    const ef = filteredEf(wantedEf);
    if (filteredWalkCost(ef) >= otherCost) return other();
    const { allow, k, effort, maxDistance } = query;
    const { recall = this.#publication.spec.recall } = effort;
    const trust = this.#filteredWalks.next(allow, ef, recall);
    if (trust === "distrusted") return other();
    const { hits, kept } = this.#ranked.filteredWalk(query, ef, admitted);
    const isEnough = hits.ordinals.length === k && kept >= ef * keptShareMin;
    if (trust === "trusted" && isEnough)
      return { hits: within(hits, maxDistance), route: { kind, ef } };
    const answer = other();
    if (answer.hits.ordinals.length > 0)
      this.#filteredWalks.note(allow, ef, isEnough ? recallOf(hits, answer.hits, k) : 0);
    return answer;
  }

  #listCost(admitted: number): number {
    return listCost(admitted, this.#codeBytes);
  }

  /** Compares with the codes of all admitted rows. */
  #list(query: FilteredQuery, route: SearchRoute): IndexAnswer {
    const hits = this.#ranked.list(query);
    return hits ? { hits: within(hits, query.maxDistance), route } : this.#scan(query, route);
  }
}
