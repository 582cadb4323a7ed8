/**
 * One thread's reader of an index of engine `hnswlib`: a copy of the published graph in memory of its
 * own. What the graph finds is ranked again by the kernels, so that every index reports the same
 * distances, and dead rows drop out by their flags; each dead row that a walk meets is then removed
 * from this copy, so that it costs something once.
 *
 * A walk may come back with fewer rows than there are (a narrow filter, a part of the graph that
 * nothing links to, many dead): then the rows are scanned. Results are never fewer than exist.
 */
import { assert } from "../base/index.js";
import { chooseEf, rowsPerCandidate } from "./calibration.js";
import { scanCovered } from "./covered-rows.js";
import { ExactScanner, stopIfAsked } from "./exact-scanner.js";
import { within, type Hits } from "./hits.js";
import { HnswlibGraph } from "./hnswlib-graph.js";
import type { HnswlibPublication } from "./hnswlib-publication.js";
import type { Metric } from "./metric.js";
import type { SharedRows } from "./shared-rows.js";
import type {
  IndexAnswer,
  IndexPublication,
  IndexQuery,
  IndexReader,
  SearchRoute,
} from "./vector-index.js";

/** So many admitted rows are scanned in less time than a filtered walk takes. */
const scanRowsMax = 5000;
const scanShareMax = 0.05;
/** Walks in a row that may come back short because of dead rows, before the rows are scanned. */
const attemptsMax = 4;

export class HnswlibReader implements IndexReader {
  readonly #rows: SharedRows;
  readonly #scanner: ExactScanner;
  #graph: HnswlibGraph;
  #publication: HnswlibPublication;
  #isClosed = false;

  private constructor(publication: HnswlibPublication, graph: HnswlibGraph, rows: SharedRows) {
    this.#publication = publication;
    this.#graph = graph;
    this.#rows = rows;
    this.#scanner = new ExactScanner(rows);
  }

  static async attach(publication: HnswlibPublication, rows: SharedRows): Promise<HnswlibReader> {
    const graph = await HnswlibGraph.load(publication.path, publication.spec);
    return new HnswlibReader(publication, graph, rows);
  }

  get metric(): Metric {
    return this.#publication.spec.metric;
  }

  get indexed(): number {
    return this.#publication.indexed;
  }

  async refresh(publication: IndexPublication): Promise<void> {
    assert(publication.engine === "hnswlib", "publication of the reader's engine");
    const { generation, indexed } = this.#publication;
    if (publication.generation === generation && publication.indexed === indexed) return;
    const graph = await HnswlibGraph.load(publication.path, publication.spec);
    if (this.#isClosed) {
      graph.close();
      return;
    }
    this.#graph.close();
    this.#graph = graph;
    this.#publication = publication;
  }

  close(): void {
    this.#isClosed = true;
    this.#graph.close();
  }

  search(query: IndexQuery): IndexAnswer {
    assert(!this.#isClosed, "an open reader");
    const { allow, k, maxDistance } = query;
    const admitted = allow ? allow.countIn(0, this.indexed) : this.indexed;
    const ef = this.#chooseEf(query, admitted);
    if (ef === undefined) return this.#scan(query, { kind: "scan" });
    const hits = this.#walk(query, ef);
    if (hits.ordinals.length < Math.min(k, admitted)) {
      return this.#scan(query, { kind: "walk_then_scan", ef });
    }
    return { hits: within(hits, maxDistance), route: { kind: "walk", ef } };
  }

  /** The effort of a walk, or undefined where a scan is faster, or the only way. */
  #chooseEf({ allow, effort, k }: IndexQuery, admitted: number): number | undefined {
    if (k * 2 > admitted) return undefined;
    if (allow && admitted <= Math.max(scanRowsMax, scanShareMax * this.indexed)) return undefined;
    const { spec, calibration } = this.#publication;
    const { ef, recall = spec.recall } = effort;
    return chooseEf(calibration, { ef, recall }, k, this.indexed / rowsPerCandidate);
  }

  #scan(query: IndexQuery, route: SearchRoute): IndexAnswer {
    return scanCovered(this.#scanner, query, this.#publication, route);
  }

  #walk({ query, k, allow, shouldStop }: IndexQuery, ef: number): Hits {
    const target = { query, metric: this.metric, k };
    const admits = allow && ((ordinal: number) => allow.has(ordinal));
    for (let attempt = 1, wanted = k + Math.max(4, k >> 3); ; attempt++, wanted *= 2) {
      const ordinals = this.#graph.walk({ query, k: wanted, ef: Math.max(ef, wanted), admits });
      stopIfAsked({ shouldStop });
      const dead = this.#forgetDead(ordinals);
      const hits = this.#scanner.rank(target, ordinals);
      if (hits.ordinals.length === k || dead === 0 || attempt === attemptsMax) return hits;
    }
  }

  /** Removes the dead among `ordinals` from this thread's graph; how many there were. */
  #forgetDead(ordinals: Uint32Array): number {
    let dead = 0;
    for (const ordinal of ordinals) {
      if (!this.#rows.isDead(ordinal)) continue;
      this.#graph.remove(ordinal);
      dead++;
    }
    return dead;
  }
}
