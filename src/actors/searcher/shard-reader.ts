/**
 * Answers reads of one shard on one thread.
 *
 * Each read takes one snapshot of storage first and believes nothing that the snapshot does not
 * say: rows found by an index or a scan count only if the snapshot has a record under their ordinal.
 * That makes a search see whole commits, whatever a writer does meanwhile.
 */
import { DvespError, invalid, parseUuid, uuidBytes } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import { MerkleTree } from "../../consistency/index.js";
import type { CommitPoint } from "../../consistency/index.js";
import type {
  DistanceMetric,
  Filter,
  NormalCount,
  NormalGet,
  NormalScroll,
} from "../../protocol/index.js";
import type { NormalSearch, RawRow, RawScrollAnswer } from "../../protocol/index.js";
import type { RawSearchAnswer } from "../../protocol/index.js";
import { rowTest } from "../../payload/index.js";
import type { Admitted, AdmittedRows, ChangeLog, RowView } from "../../payload/index.js";
import { compareVectorCrc } from "../../storage/index.js";
import type { RowRecord, RowStore } from "../../storage/index.js";
import type { Hits, SharedRows } from "../../index/index.js";
import type { VersionedRows } from "../replica/replication-messages.js";
import { readVersionedRows, soundVectors } from "../replica/versioned-rows.js";
import type { AttachedIndexes } from "./attached-indexes.js";
import { AnswerBudget } from "./answer-budget.js";
import type { Deadline } from "./deadline.js";
import { KnownRows, knownRow } from "./known-rows.js";
import type { KnownRow } from "./known-rows.js";
import type { RawCountAnswer } from "./messages.js";
import type { FoundRows, ReplicaCount } from "./replica-answer.js";
import { makeCursor, readCursor } from "./scroll-cursor.js";
import { factsOf } from "./search-facts.js";
import type { SearchFacts } from "./search-facts.js";
import { seenWrites } from "./seen-writes.js";
import { SharedView } from "./shared-view.js";

const rowsPerCheck = 1024;
const componentBytes = Float32Array.BYTES_PER_ELEMENT;
/** Hits asked for beyond those wanted, once the snapshot did not know some of them. */
const slackHits = 8;
/** Components of rows that are compared one by one in some tens of microseconds. */
const freshComponentsMax = 1 << 18;
/** A scroll judges its rows one by one when more are not in the payload index: it may need few. */
const judgedAheadMax = 4096;

export interface ReaderParts {
  readonly store: RowStore;
  readonly rows: SharedRows;
  readonly index: AttachedIndexes;
  readonly admitted: AdmittedRows;
  readonly changes: ChangeLog;
  readonly clock: Clock;
  readonly metric: DistanceMetric;
}

interface Parts {
  readonly include_vectors: boolean;
  readonly include_metadata: boolean;
}

/** A row of an answer while it is put together. */
type RowOfAnswer = { -readonly [member in keyof RawRow]: RawRow[member] };

interface Found {
  readonly row: KnownRow;
  readonly distance: number;
}

export class ShardReader {
  readonly #parts: ReaderParts;
  readonly #view: SharedView;
  readonly #known: KnownRows;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#view = new SharedView(parts);
    this.#known = new KnownRows(parts.changes);
  }

  /** Lets go of storage, which may be closed then. */
  close(): void {
    this.#view.release();
  }

  /** The newest version that a read begun now sees. */
  appliedVersion(): string {
    return this.#view.read(({ snapshot }) => snapshot.appliedVersion);
  }

  /** Which writes a read begun now sees. */
  seen(points: readonly CommitPoint[], nowMs: number, isOnlyReplica: boolean): boolean[] {
    return this.#view.read(({ snapshot }) => seenWrites(snapshot, points, nowMs, isOnlyReplica));
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
    return this.#view.read((view) => {
      let nearest = this.#nearest(request, view, deadline);
      while (!nearest) nearest = this.#nearest(request, view, deadline);
      const { found, facts } = nearest;
      const page = found.slice(request.offset, request.offset + request.top_k);
      const rows = page.map(({ row, distance }) => this.#raw(row, request, budget, distance));
      return { operation: "search", rows, ...facts };
    });
  }

  /** Whether few rows stand in no index or have not been judged by the filter: a search may be short then. */
  isShort({ distance_metric, filter }: NormalSearch): boolean {
    const { index, metric, rows, admitted } = this.#parts;
    if (index.fresh(distance_metric ?? metric) * rows.dimension > freshComponentsMax) return false;
    return !filter || this.#view.read(({ snapshot }) => admitted.isNear(filter, snapshot));
  }

  get(request: NormalGet): FoundRows {
    const budget = new AnswerBudget();
    return this.#view.read(({ snapshot }) => {
      const rows: RawRow[] = [];
      const missing_ids: string[] = [];
      const deleted: string[] = [];
      for (const id of request.ids) {
        const bytes = new Uint8Array(uuidBytes);
        parseUuid(id, bytes, 0);
        const ordinal = snapshot.ordinalOf(bytes);
        const row = ordinal === undefined ? undefined : snapshot.row(ordinal);
        if (row) rows.push(this.#raw(knownRow(row), request, budget));
        else {
          missing_ids.push(id);
          deleted.push(snapshot.tombstone(bytes) ?? "");
        }
      }
      return { operation: "get", rows, missing_ids, deleted };
    });
  }

  /** What is known of packed ids: rows, and tombstones. */
  rows(ids: Uint8Array, withContents: boolean): VersionedRows {
    const vectorOf = withContents ? soundVectors(this.#parts.rows) : undefined;
    return this.#view.read(({ snapshot }) => readVersionedRows(snapshot, ids, vectorOf));
  }

  /** Rows in the order of their ids: one that is there throughout a walk appears exactly once. */
  scroll(request: NormalScroll, deadline: Deadline): RawScrollAnswer {
    const budget = new AnswerBudget();
    const after = request.cursor === undefined ? undefined : readCursor(request.cursor);
    return this.#view.read((view) => {
      const { snapshot } = view;
      const admits = this.#scrollTest(request.filter, view, deadline);
      const page: RowRecord[] = [];
      let seen = 0;
      for (const { ordinal } of snapshot.scanIds(after)) {
        if (++seen % rowsPerCheck === 0) deadline.check();
        const row = admits(ordinal);
        if (row) page.push(row);
        if (page.length > request.limit) break;
      }
      const more = page.length > request.limit;
      const rows = page.slice(0, request.limit);
      const last = rows.at(-1);
      return {
        operation: "scroll",
        rows: rows.map((row) => this.#raw(knownRow(row), request, budget)),
        ...(more && last && { next_cursor: makeCursor(last.id) }),
      };
    });
  }

  count(request: NormalCount, deadline: Deadline): RawCountAnswer {
    return this.#view.read((view) => this.#count(request, view, deadline));
  }

  /** A count with the Merkle root of the rows that were there. */
  countWithRoot(request: NormalCount, deadline: Deadline): ReplicaCount {
    return this.#view.read((view) => {
      const tree = new MerkleTree();
      for (const { bucket, leaf } of view.snapshot.leaves()) tree.setLeaf(bucket, leaf);
      return { ...this.#count(request, view, deadline), root: tree.root() };
    });
  }

  #count({ filter }: NormalCount, view: RowView, deadline: Deadline): RawCountAnswer {
    const count = filter ? this.#admitted(filter, view, deadline).rows.count : view.snapshot.rows;
    return { operation: "count", count };
  }

  #admitted(filter: Filter, view: RowView, deadline: Deadline): Admitted {
    return this.#parts.admitted.of(filter, view, () => deadline.check());
  }

  /** The row of an ordinal, if the filter admits it. */
  #scrollTest(
    filter: Filter | undefined,
    view: RowView,
    deadline: Deadline,
  ): (ordinal: number) => RowRecord | undefined {
    const { snapshot } = view;
    if (!filter) return (ordinal) => snapshot.row(ordinal);
    if (this.#parts.admitted.uncovered(snapshot) > judgedAheadMax) {
      const admits = rowTest(filter);
      return (ordinal) => {
        const row = snapshot.row(ordinal);
        return row && admits(row) ? row : undefined;
      };
    }
    const { rows } = this.#admitted(filter, view, deadline);
    return (ordinal) => (rows.has(ordinal) ? snapshot.row(ordinal) : undefined);
  }

  /**
   * Widens the search until enough of what it finds is known to the snapshot, or no more exists.
   * Undefined when rows were taken back from shared memory meanwhile: search again.
   */
  #nearest(request: NormalSearch, view: RowView, deadline: Deadline) {
    const wanted = request.offset + request.top_k;
    const { epoch } = this.#parts.rows;
    const metric = request.distance_metric ?? this.#parts.metric;
    const admitted = request.filter && this.#admitted(request.filter, view, deadline);
    for (let k = wanted; ; k = 2 * k + slackHits) {
      const answer = this.#parts.index.search({
        query: request.query_vector,
        metric,
        k,
        effort: { ef: request.ef, nprobe: request.nprobe, recall: request.recall },
        exact: request.exact,
        allow: admitted?.rows,
        maxDistance: request.max_distance,
        shouldStop: () => deadline.passed,
      });
      if (this.#parts.rows.epoch !== epoch) return undefined;
      const found = this.#found(answer.hits, view, wanted);
      if (found.length >= wanted || answer.hits.ordinals.length < k) {
        return { found, facts: factsOf(answer, metric, admitted) };
      }
    }
  }

  /** The first `wanted` hits of which the snapshot has a record. */
  #found({ ordinals, distances }: Hits, view: RowView, wanted: number): Found[] {
    const found: Found[] = [];
    for (let index = 0; index < ordinals.length && found.length < wanted; index++) {
      const row = this.#known.row(view, ordinals[index] as number);
      if (row) found.push({ row, distance: distances[index] as number });
    }
    return found;
  }

  #raw(row: KnownRow, parts: Parts, budget: AnswerBudget, distance?: number): RawRow {
    const { include_vectors, include_metadata } = parts;
    const vectorBytes = include_vectors ? this.#parts.rows.dimension * componentBytes : 0;
    budget.take(vectorBytes + (include_metadata ? row.metadata.length : 0));
    const raw: RowOfAnswer = { id: row.id, version: row.version };
    if (distance !== undefined) raw.distance = distance;
    if (include_vectors) raw.vector = this.#vector(row);
    if (include_metadata) raw.metadata = row.metadata;
    return raw;
  }

  /** The row's vector where it lies in shared memory, checked. Errors: `DATA_CORRUPTED`. */
  #vector(row: KnownRow): Float32Array {
    const vector = this.#parts.rows.vector(row.ordinal);
    if (compareVectorCrc(vector, row.vectorCrc)) return vector;
    throw new DvespError("DATA_CORRUPTED", `the vector of ${row.id} is damaged`);
  }
}
