/** Inserts and searches side by side, through any `VectorStore`: how long each takes. */
import { performance } from "node:perf_hooks";
import type { Metadata, VectorStore } from "dvesp";
import { percentile } from "./figures.js";
import { insertRows } from "./insert-body.js";

const collection = "bench";
/** A search that would come while so many are under way is left out: the others would only wait. */
const searchesAtOnce = 4;

export interface InsertLoad {
  readonly dimension: number;
  readonly rows: number;
  /** Rows that are there before the first measured call. */
  readonly there: number;
  readonly calls: number;
  /** Milliseconds of rest before each measured call: the disk is throttled after bursts. */
  readonly restMs: number;
  /** Searches per second beside. */
  readonly searches: number;
}

export type Figures = Record<string, Record<string, number>>;

export async function runInserts(store: VectorStore, load: InsertLoad): Promise<Figures> {
  const { dimension, rows, there, calls, restMs } = load;
  await store.create_collection({ collection, dimension });
  for (let done = 0; done < there; done += rows) await insert(store, load);
  const searching = new Searching(store, load);
  const insertMs: number[] = [];
  const ids: string[] = [];
  for (let call = 0; call < calls; call++) {
    await new Promise((resolve) => setTimeout(resolve, restMs));
    const request = requestOf(load);
    const start = performance.now();
    const { vector_ids } = await store.insert(request);
    insertMs.push(performance.now() - start);
    ids.push(...vector_ids.slice(0, 1000));
  }
  const searchMs = await searching.stop();
  return {
    [`insert of ${rows}`]: summary(insertMs),
    ...(await smallWrites(store, load)),
    ...(await changes(store, ids)),
    "search beside": summary(searchMs),
  };
}

function requestOf({ rows, dimension }: InsertLoad) {
  const { data, metadata } = insertRows({ rows, dimension });
  return { collection, vectors: { dimension, data }, metadata: metadata as Metadata[] };
}

async function insert(store: VectorStore, load: InsertLoad): Promise<void> {
  await store.insert(requestOf(load));
}

/** Single rows, 16 under way, for five seconds; and one after the other. */
async function smallWrites(store: VectorStore, load: InsertLoad): Promise<Figures> {
  const one = { ...load, rows: 1 };
  const alone: number[] = [];
  for (let call = 0; call < 50; call++) alone.push(await timed(() => insert(store, one)));
  const times: number[] = [];
  const end = performance.now() + 5000;
  const writer = async (): Promise<void> => {
    while (performance.now() < end) times.push(await timed(() => insert(store, one)));
  };
  await Promise.all(Array.from({ length: 16 }, writer));
  return {
    "insert of 1": summary(alone),
    "insert of 1, 16 at once": { "per second": times.length / 5, ...summary(times) },
  };
}

/** Updates and deletes of 1,000 ids a call. */
async function changes(store: VectorStore, all: readonly string[]): Promise<Figures> {
  const updateMs: number[] = [];
  const deleteMs: number[] = [];
  for (let from = 0; from < all.length; from += 1000) {
    const ids = all.slice(from, from + 1000);
    const metadata = ids.map((_, index) => ({ changed: index }));
    updateMs.push(await timed(() => store.update({ collection, ids, metadata })));
    deleteMs.push(await timed(() => store.delete({ collection, ids })));
  }
  return { "update of 1000": summary(updateMs), "delete of 1000": summary(deleteMs) };
}

class Searching {
  readonly #times: number[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(store: VectorStore, { dimension, searches }: InsertLoad) {
    const everyMs = 1000 / Math.max(1, searches);
    this.#timer = setInterval(() => {
      if (searches === 0 || this.#underWay.size >= searchesAtOnce) return;
      const query_vector = Float32Array.from({ length: dimension }, () => Math.random() - 0.5);
      const search = timed(() => store.search({ collection, query_vector, top_k: 10 })).then((ms) =>
        this.#times.push(ms),
      );
      this.#underWay.add(search);
      void search.finally(() => this.#underWay.delete(search));
    }, everyMs);
  }

  async stop(): Promise<number[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    return this.#times;
  }
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}

export function summary(times: readonly number[]): Record<string, number> {
  const worst = percentile(times, 1);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), max: worst };
}
