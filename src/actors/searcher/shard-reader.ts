/**
 * Answers reads of one shard on one thread.
 *
 * Each read takes one snapshot of storage first and believes nothing that the snapshot does not
 * say: rows found by an index or a scan count only if the snapshot has a record under their ordinal.
 * That makes a search see whole commits, whatever a writer does meanwhile.
 */
import { DvespError, formatUuid, invalid, parseUuid, uuidBytes } from "../../base/index.js";
import type { DistanceMetric, NormalCount, NormalGet, NormalScroll } from "../../protocol/index.js";
import type { NormalSearch, RawGetAnswer, RawRow, RawScrollAnswer } from "../../protocol/index.js";
import type { RawSearchAnswer } from "../../protocol/index.js";
import { compareVectorCrc } from "../../storage/index.js";
import type { RowRecord, RowSnapshot, RowStore } from "../../storage/index.js";
import type { AllowList, Hits, ReplicaAnswer, SharedRows } from "../../index/index.js";
import type { AttachedIndex } from "./attached-index.js";
import { AnswerBudget } from "./answer-budget.js";
import { AdmittedRows, rowTest } from "./admitted-rows.js";
import type { Deadline } from "./deadline.js";
import type { RawCountAnswer } from "./messages.js";
import { makeCursor, readCursor } from "./scroll-cursor.js";

const rowsPerCheck = 1024;
const componentBytes = Float32Array.BYTES_PER_ELEMENT;
/** Hits asked for beyond those wanted, once the snapshot did not know some of them. */
const slackHits = 8;

export interface ReaderParts {
  readonly store: RowStore;
  readonly rows: SharedRows;
  readonly index: AttachedIndex;
  readonly metric: DistanceMetric;
}

interface Parts {
  readonly include_vectors: boolean;
  readonly include_metadata: boolean;
}

/** A row of an answer while it is put together. */
type RowOfAnswer = { -readonly [member in keyof RawRow]: RawRow[member] };

interface Found {
  readonly row: RowRecord;
  readonly distance: number;
}

export class ShardReader {
  readonly #parts: ReaderParts;
  readonly #admitted = new AdmittedRows();

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** The newest version that a read begun now sees. */
  appliedVersion(): string {
    return this.#with((snapshot) => snapshot.appliedVersion);
  }

  search(
    request: NormalSearch,
    deadline: Deadline,
    budget = new AnswerBudget(),
  ): Omit<RawSearchAnswer, "metrics"> & SearchFacts {
    const { store } = this.#parts;
    if (request.query_vector.length !== store.dimension) {
      const message = `the collection has dimension ${store.dimension}, not ${request.query_vector.length}`;
      throw invalid(message, "query_vector");
    }
    return this.#with((snapshot) => {
      let nearest = this.#nearest(request, snapshot, deadline);
      while (!nearest) nearest = this.#nearest(request, snapshot, deadline);
      const { found, facts } = nearest;
      const page = found.slice(request.offset, request.offset + request.top_k);
      const rows = page.map(({ row, distance }) => this.#raw(row, request, budget, distance));
      return { operation: "search", rows, ...facts };
    });
  }

  get(request: NormalGet): RawGetAnswer {
    const budget = new AnswerBudget();
    return this.#with((snapshot) => {
      const rows: RawRow[] = [];
      const missing_ids: string[] = [];
      for (const id of request.ids) {
        const bytes = new Uint8Array(uuidBytes);
        parseUuid(id, bytes, 0);
        const ordinal = snapshot.ordinalOf(bytes);
        const row = ordinal === undefined ? undefined : snapshot.row(ordinal);
        if (row) rows.push(this.#raw(row, request, budget));
        else missing_ids.push(id);
      }
      return { operation: "get", rows, missing_ids };
    });
  }

  /** Rows in the order of their ids: one that is there throughout a walk appears exactly once. */
  scroll(request: NormalScroll, deadline: Deadline): RawScrollAnswer {
    const budget = new AnswerBudget();
    const after = request.cursor === undefined ? undefined : readCursor(request.cursor);
    const admits = request.filter ? rowTest(request.filter) : () => true;
    return this.#with((snapshot) => {
      const page: RowRecord[] = [];
      let seen = 0;
      for (const { ordinal } of snapshot.scanIds(after)) {
        if (++seen % rowsPerCheck === 0) deadline.check();
        const row = snapshot.row(ordinal);
        if (row && admits(row)) page.push(row);
        if (page.length > request.limit) break;
      }
      const more = page.length > request.limit;
      const rows = page.slice(0, request.limit);
      const last = rows.at(-1);
      return {
        operation: "scroll",
        rows: rows.map((row) => this.#raw(row, request, budget)),
        ...(more && last && { next_cursor: makeCursor(last.id) }),
      };
    });
  }

  count(request: NormalCount, deadline: Deadline): RawCountAnswer {
    const { filter } = request;
    return this.#with((snapshot) => ({
      operation: "count",
      count: filter ? this.#admitted.of(filter, snapshot, deadline).count : snapshot.rows,
    }));
  }

  /**
   * Widens the search until enough of what it finds is known to the snapshot, or no more exists.
   * Undefined when rows were taken back from shared memory meanwhile: search again.
   */
  #nearest(request: NormalSearch, snapshot: RowSnapshot, deadline: Deadline) {
    const wanted = request.offset + request.top_k;
    const { epoch } = this.#parts.rows;
    const allow = request.filter && this.#admitted.of(request.filter, snapshot, deadline);
    for (let k = wanted; ; k = 2 * k + slackHits) {
      const answer = this.#parts.index.search({
        query: request.query_vector,
        metric: request.distance_metric ?? this.#parts.metric,
        k,
        effort: { ef: request.ef, nprobe: request.nprobe, recall: request.recall },
        exact: request.exact,
        allow,
        maxDistance: request.max_distance,
        shouldStop: () => deadline.passed,
      });
      if (this.#parts.rows.epoch !== epoch) return undefined;
      const found = known(answer.hits, snapshot, wanted);
      if (found.length >= wanted || answer.hits.ordinals.length < k) {
        return { found, facts: factsOf(answer, allow) };
      }
    }
  }

  #raw(row: RowRecord, parts: Parts, budget: AnswerBudget, distance?: number): RawRow {
    const { include_vectors, include_metadata } = parts;
    const vectorBytes = include_vectors ? this.#parts.rows.dimension * componentBytes : 0;
    budget.take(vectorBytes + (include_metadata ? row.metadata.length : 0));
    const raw: RowOfAnswer = { id: formatUuid(row.id, 0), version: row.version };
    if (distance !== undefined) raw.distance = distance;
    if (include_vectors) raw.vector = this.#vector(row);
    if (include_metadata) raw.metadata = row.metadata;
    return raw;
  }

  /** The row's vector where it lies in shared memory, checked. Errors: `DATA_CORRUPTED`. */
  #vector(row: RowRecord): Float32Array {
    const vector = this.#parts.rows.vector(row.ordinal);
    if (compareVectorCrc(vector, row.vectorCrc)) return vector;
    throw new DvespError("DATA_CORRUPTED", `the vector of ${formatUuid(row.id, 0)} is damaged`);
  }

  #with<Result>(read: (snapshot: RowSnapshot) => Result): Result {
    const snapshot = this.#parts.store.snapshot();
    try {
      return read(snapshot);
    } finally {
      snapshot.release();
    }
  }
}

/** How a search was done. */
export interface SearchFacts {
  readonly exact: boolean;
  readonly plan: Readonly<Record<string, string | number | boolean>>;
}

function factsOf(answer: ReplicaAnswer, allow: AllowList | undefined): SearchFacts {
  const { exact, route, indexed, fresh } = answer;
  const { kind, ...details } = route;
  const admitted = allow && { admitted_rows: allow.count };
  return {
    exact,
    plan: { route: kind, ...details, indexed_rows: indexed, fresh_rows: fresh, ...admitted },
  };
}

/** The first `wanted` hits of which the snapshot has a record. */
function known({ ordinals, distances }: Hits, snapshot: RowSnapshot, wanted: number): Found[] {
  const found: Found[] = [];
  for (let index = 0; index < ordinals.length && found.length < wanted; index++) {
    const row = snapshot.row(ordinals[index] as number);
    if (row) found.push({ row, distance: distances[index] as number });
  }
  return found;
}
