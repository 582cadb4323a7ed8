/**
 * Reads over all shards of a collection, each at a level: asked at the same time, merged without
 * decoding what rows hold.
 */
import type {
  NormalCount,
  NormalGet,
  NormalScroll,
  NormalSearch,
  NormalSearchBatch,
  RawGetAnswer,
  RawRow,
  RawScrollAnswer,
  RawSearchAnswer,
  RawSearchBatchAnswer,
  SearchMetrics,
} from "../../protocol/index.js";
import type { ShardAccess } from "../replicas/access.js";
import { AnswerBudget } from "../searcher/answer-budget.js";
import type { NormalRead, RawCountAnswer, ReadAnswer, SharedRead } from "../searcher/messages.js";
import { readCursor } from "../searcher/scroll-cursor.js";
import type { LatencyQuantile } from "./latency-quantile.js";
import { ReadRun } from "./read-parts.js";
import type { SharedReadParts } from "./read-parts.js";
import { countShard } from "./shard-count.js";
import { getFromShards } from "./get-from-shards.js";
import { byId, cursorAfter, scrollShard } from "./shard-scroll.js";
import { searchShards } from "./search-shards.js";
import type { ShardHits } from "./shard-search.js";

/** Searches of one batch under way at the same time. */
const searchesAtOnce = 16;

export class SharedReads {
  readonly #parts: SharedReadParts;
  readonly #latencies = new Map<number, LatencyQuantile>();

  constructor(parts: SharedReadParts) {
    this.#parts = parts;
  }

  /** By the shards of one map. Errors: those of the operation, and `NOT_ENOUGH_REPLICAS`. */
  read(request: NormalRead, shards: readonly ShardAccess[]): Promise<ReadAnswer> {
    switch (request.operation) {
      case "search":
        return this.#search(request, shards, new AnswerBudget());
      case "search_batch":
        return this.#searchBatch(request, shards);
      case "get":
        return this.#get(request, shards);
      case "scroll":
        return this.#scroll(request, shards);
      case "count":
        return this.#count(request, shards);
    }
  }

  async #search(
    request: NormalSearch,
    shards: readonly ShardAccess[],
    budget: AnswerBudget,
  ): Promise<RawSearchAnswer> {
    const run = this.#run(request);
    const { rows, parts } = await searchShards(run, shards, request);
    takeBytes(rows, budget);
    const metrics: SearchMetrics = {
      nodes_queried: run.nodesQueried,
      time_ms: this.#parts.clock.monotonic() - run.arrivedMs,
      consistency_level_achieved: request.consistency_level,
      exact: parts.every(({ exact }) => exact),
    };
    if (request.explain) metrics.plan = planOf(parts);
    return { operation: "search", rows, metrics };
  }

  /** Errors: that of the first query that has one. */
  async #searchBatch(
    { queries }: NormalSearchBatch,
    shards: readonly ShardAccess[],
  ): Promise<RawSearchBatchAnswer> {
    const budget = new AnswerBudget();
    const ends: PromiseSettledResult<RawSearchAnswer>[] = [];
    for (let first = 0; first < queries.length; first += searchesAtOnce) {
      const some = queries.slice(first, first + searchesAtOnce);
      const found = some.map((one) => this.#search(one, shards, budget));
      ends.push(...(await Promise.allSettled(found)));
      if (ends.some(({ status }) => status === "rejected")) break;
    }
    const answers = ends.map((end) => {
      if (end.status === "fulfilled") return end.value;
      throw end.reason;
    });
    return { operation: "search_batch", answers };
  }

  async #get(request: NormalGet, shards: readonly ShardAccess[]): Promise<RawGetAnswer> {
    const run = this.#run(request);
    const found = await getFromShards(run, shards, request);
    const rows = request.ids.flatMap((id) => found.get(id) ?? []);
    takeBytes(rows, new AnswerBudget());
    const missing_ids = request.ids.filter((id) => !found.has(id));
    return { operation: "get", rows, missing_ids };
  }

  async #scroll(request: NormalScroll, shards: readonly ShardAccess[]): Promise<RawScrollAnswer> {
    if (request.cursor !== undefined) readCursor(request.cursor);
    const run = this.#run(request);
    const parts = await Promise.all(shards.map((shard) => scrollShard(run, shard, request)));
    const merged = parts.flatMap(({ rows }) => rows).sort(byId);
    const rows = merged.slice(0, request.limit);
    takeBytes(rows, new AnswerBudget());
    const last = rows.at(-1);
    const isMore = merged.length > rows.length || parts.some(({ more }) => more);
    if (!isMore || !last) return { operation: "scroll", rows };
    return { operation: "scroll", rows, next_cursor: cursorAfter(last.id) };
  }

  async #count(request: NormalCount, shards: readonly ShardAccess[]): Promise<RawCountAnswer> {
    const run = this.#run(request);
    const counts = await Promise.all(shards.map((shard) => countShard(run, shard, request)));
    return { operation: "count", count: counts.reduce((sum, one) => sum + one, 0) };
  }

  #run(request: SharedRead): ReadRun {
    return new ReadRun(this.#parts, this.#latencies, request);
  }
}

/** The plan of the only shard, or those of all. */
function planOf(parts: readonly ShardHits[]): NonNullable<SearchMetrics["plan"]> {
  const [only] = parts;
  if (only && parts.length === 1) return only.plan ?? {};
  return { shards: parts.map(({ shard, plan }) => ({ shard, ...plan })) };
}

/** Errors: `TOO_LARGE`. */
function takeBytes(rows: readonly RawRow[], budget: AnswerBudget): void {
  for (const { vector, metadata } of rows) {
    budget.take((vector?.byteLength ?? 0) + (metadata?.length ?? 0));
  }
}
