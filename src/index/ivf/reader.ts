/**
 * One thread's reader of an index of lists. It probes the lists whose centroids are nearest to the
 * query and ranks the best rows by their float32 components.
 *
 * With a filter, lists are probed until as many admitted rows were compared as a search without one
 * compares: a filter that admits every tenth row is worth ten times the lists, one that leaves out
 * what lies near the query leads as far away as it must. Few admitted rows are scanned instead.
 * Results are never fewer than exist.
 */
import { assert } from "../../base/index.js";
import { rankedCount, scanCovered } from "../covered-rows.js";
import { ExactScanner, stopIfAsked } from "../exact-scanner.js";
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
import { wantedMax } from "./list-layout.js";
import { ListMemory } from "./list-memory.js";
import { chooseLists } from "./probe-effort.js";
import type { IvfPublication } from "./publication.js";

/** A search that found too few is repeated with so many times the candidates. */
const widening = 8;

export class IvfReader implements IndexReader {
  readonly #rows: SharedRows;
  readonly #scanner: ExactScanner;
  #lists: ListMemory;
  #publication: IvfPublication;
  #isClosed = false;

  constructor(publication: IvfPublication, rows: SharedRows) {
    this.#publication = publication;
    this.#rows = rows;
    this.#lists = ListMemory.attach(publication.spec, publication.memory, rows.scratch.number);
    this.#scanner = new ExactScanner(rows);
  }

  get metric(): Metric {
    return this.#publication.spec.metric;
  }

  get indexed(): number {
    return this.#publication.indexed;
  }

  refresh(publication: IndexPublication): Promise<void> {
    assert(publication.engine === "ivf", "publication of the reader's engine");
    const { spec, memory } = publication;
    if (!this.#lists.isSame(memory)) {
      this.#lists = ListMemory.attach(spec, memory, this.#rows.scratch.number);
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
    const { spec, calibration, calibratedLists, indexed } = this.#publication;
    const admitted = allow ? allow.countIn(0, indexed) : indexed;
    if (k * 2 > admitted) return this.#scan(query, { kind: "scan" });
    const { nprobe, recall = spec.recall } = effort;
    const known = this.#lists.count;
    const measured = { calibration, lists: calibratedLists, now: known };
    const lists = chooseLists(measured, { nprobe, recall }, k);
    if (lists === undefined) return this.#scan(query, { kind: "scan" });
    const rows = allow ? Math.ceil((lists / known) * indexed) : 0;
    if (allow && rows >= admitted) return this.#scan(query, { kind: "scan" });
    return this.#probe(query, lists, rows);
  }

  #scan(query: IndexQuery, route: SearchRoute): IndexAnswer {
    return scanCovered(this.#scanner, query, this.#publication, route);
  }

  /** Twice at most: the nearest may all be dead, and their lists not yet rid of them. */
  #probe(query: IndexQuery, lists: number, rows: number): IndexAnswer {
    const { k, allow, maxDistance } = query;
    let wanted = rankedCount(k);
    let route: SearchRoute = { kind: "probe", lists: 0, compared: 0 };
    for (let round = 0; round < 2 && wanted <= wantedMax; round++, wanted *= widening) {
      const checkStop = (): void => stopIfAsked(query);
      const limit = this.indexed;
      const found = this.#lists.search({
        query: query.query,
        wanted,
        lists,
        rows,
        limit,
        allow,
        checkStop,
      });
      const { ordinals, listsProbed, rowsCompared } = found;
      const hits = this.#scanner.rank({ query: query.query, metric: this.metric, k }, ordinals);
      route = { kind: "probe", lists: listsProbed, compared: rowsCompared };
      if (hits.ordinals.length === k) return { hits: within(hits, maxDistance), route };
    }
    return this.#scan(query, { ...route, kind: "probe_then_scan" });
  }
}
