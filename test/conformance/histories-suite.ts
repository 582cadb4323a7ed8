/**
 * Random histories of writes and reads on a store and on the plain model, step by step, compared at
 * every read: whatever the index, and whatever it is doing at the time.
 */
import { describe, expect, it } from "vitest";
import { randomBelow, randomFraction, randomUuid, seededRandom } from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import type {
  CreateCollectionRequest,
  DistanceMetric,
  Filter,
  SearchAnswer,
  SearchRequest,
  VectorStore,
} from "../../src/protocol/index.js";
import { newCollection } from "./api-fixture.js";

export interface HistoryStores {
  readonly store: () => VectorStore;
  readonly model: () => VectorStore;
}

type IndexChoice = NonNullable<CreateCollectionRequest["index"]>;

const seed = Number(process.env["SEED"] ?? 7_000_003);
const dimension = 12;
const clusters = 8;
const steps = 90;
const metrics: readonly DistanceMetric[] = ["cosine", "l2", "dot_product"];
const colours = ["red", "green", "blue"];
/** Of approximate searches over a history, on average. */
const recallMin = 0.95;

/** One history for each index and metric. */
export function historiesSuite(stores: HistoryStores, indexes: readonly IndexChoice[]): void {
  describe.each(indexes)("random histories on $type $engine $quantization", (index) => {
    it.each(metrics)(`by %s (SEED=${seed})`, async (metric) => {
      await new History(stores, index, metric).run();
    });
  });
}

class History {
  readonly #store: VectorStore;
  readonly #model: VectorStore;
  readonly #settings: CreateCollectionRequest;
  readonly #random: Random;
  readonly #centres: readonly Float32Array[];
  #ids: string[] = [];
  #found = 0;
  #wanted = 0;
  #approximate = 0;

  constructor({ store, model }: HistoryStores, index: IndexChoice, metric: DistanceMetric) {
    this.#store = store();
    this.#model = model();
    const collection = newCollection();
    this.#settings = { collection, dimension, distance_metric: metric, index };
    this.#random = seededRandom(seed + metrics.indexOf(metric));
    this.#centres = Array.from({ length: clusters }, () => this.#point(undefined));
  }

  async run(): Promise<void> {
    await Promise.all(
      [this.#store, this.#model].map((one) => one.create_collection(this.#settings)),
    );
    await this.#insert(1200);
    await this.#indexed();
    for (let step = 0; step < steps; step++) await this.#step();
    await this.#indexed();
    for (let search = 0; search < 20; search++) await this.#search();
    await this.#compareAll();
    expect(this.#found / this.#wanted).toBeGreaterThan(recallMin);
    if (this.#settings.index?.type !== "flat") expect(this.#approximate).toBeGreaterThan(0);
  }

  #step(): Promise<void> {
    const dice = randomBelow(this.#random, 10);
    if (dice < 2) return this.#insert(1 + randomBelow(this.#random, 120));
    if (dice === 2) return this.#update();
    if (dice === 3) return this.#delete();
    if (dice === 4) return this.#read();
    return this.#search();
  }

  async #insert(count: number): Promise<void> {
    const known = randomBelow(this.#random, 4) === 0 ? this.#some(3) : [];
    const fresh = Array.from({ length: count }, () => randomUuid(this.#random));
    const ids = [...known, ...fresh];
    await this.#both("insert", {
      ids,
      vectors: ids.map(() => this.#point(this.#centre())),
      metadata: ids.map((_, at) => this.#metadata(at)),
    });
    this.#ids.push(...fresh);
  }

  async #update(): Promise<void> {
    const ids = this.#some(5);
    if (ids.length === 0) return;
    const vectors = ids.map(() => this.#point(this.#centre()));
    const metadata = ids.map(() => ({ colour: "white", extra: randomBelow(this.#random, 9) }));
    const kind = randomBelow(this.#random, 3);
    await this.#both("update", {
      ids,
      ...(kind !== 1 && { vectors }),
      ...(kind !== 0 && { metadata, metadata_mode: kind === 1 ? "merge" : "replace" }),
    });
  }

  async #delete(): Promise<void> {
    const filter = { number: { $gte: 0.97 }, colour: "red" };
    const what = randomBelow(this.#random, 3) === 0 ? { filter } : { ids: this.#some(20) };
    if ("ids" in what && what.ids.length === 0) return;
    const [answer] = await this.#both("delete", what);
    const gone = new Set((answer as { vector_ids: string[] }).vector_ids);
    this.#ids = this.#ids.filter((id) => !gone.has(id));
  }

  /** The rows themselves, and how many a filter admits. */
  async #read(): Promise<void> {
    const ids = [...this.#some(8), randomUuid(this.#random)];
    const [here, there] = await this.#both("get", { ids });
    expect(withoutVersions(here)).toEqual(withoutVersions(there));
    const [count, expected] = await this.#both("count", { filter: this.#filter() });
    expect(count).toEqual(expected);
  }

  async #search(): Promise<void> {
    const query = {
      query_vector: this.#point(this.#centre()),
      top_k: 1 + randomBelow(this.#random, 30),
      ...(randomBelow(this.#random, 2) === 0 && { filter: this.#filter() }),
      ...(randomBelow(this.#random, 5) === 0 && { distance_metric: this.#pick(metrics) }),
      ...(randomBelow(this.#random, 4) === 0 && { exact: true }),
    };
    const [here, there] = (await this.#both("search", query)) as [SearchAnswer, SearchAnswer];
    this.#compare(query, here, there);
  }

  /** Never fewer rows than exist, none twice, best first, each distance true; exact where it says so. */
  #compare(query: Partial<SearchRequest>, here: SearchAnswer, there: SearchAnswer): void {
    const shown = JSON.stringify(query);
    const distances = here.results.map(({ distance }) => distance);
    const truth = there.results.map(({ distance }) => distance);
    expect(distances.length, shown).toBe(truth.length);
    expect(new Set(here.results.map(({ id }) => id)).size).toBe(distances.length);
    expect([...distances].sort((a, b) => a - b)).toEqual(distances);
    const farthest = truth.at(-1) ?? 0;
    const close = 1e-4 * Math.max(1, Math.abs(farthest));
    const found = distances.filter((distance) => distance <= farthest + close).length;
    this.#found += found;
    this.#wanted += truth.length;
    if (!here.metrics.exact) {
      this.#approximate++;
      return;
    }
    for (const [at, distance] of distances.entries()) {
      expect(Math.abs(distance - truth[at]!), shown).toBeLessThan(close);
    }
  }

  /** Every row of one is in the other, unchanged. */
  async #compareAll(): Promise<void> {
    const { collection } = this.#settings;
    const all = async (store: VectorStore): Promise<unknown[]> => {
      const rows: unknown[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.scroll({ collection, limit: 500, ...(cursor && { cursor }) });
        rows.push(...withoutVersions(page));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return rows;
    };
    expect(await all(this.#store)).toEqual(await all(this.#model));
  }

  /** Until the index has caught up with the rows. */
  async #indexed(): Promise<void> {
    const { collection } = this.#settings;
    await expect
      .poll(
        async () => {
          const { rows, indexed_rows } = await this.#store.describe_collection({ collection });
          return rows - indexed_rows;
        },
        { timeout: 60_000, interval: 50 },
      )
      .toBe(0);
  }

  async #both(
    operation: "insert" | "update" | "delete" | "get" | "count" | "search",
    request: object,
  ): Promise<[unknown, unknown]> {
    const { collection } = this.#settings;
    const run = (store: VectorStore): Promise<unknown> =>
      (store[operation] as (request: unknown) => Promise<unknown>)({ collection, ...request });
    const here = await run(this.#store);
    return [here, await run(this.#model)];
  }

  /** Ids of different rows, some of which may have been deleted. */
  #some(count: number): string[] {
    if (this.#ids.length === 0) return [];
    return [...new Set(Array.from({ length: count }, () => this.#pick(this.#ids)))];
  }

  #filter(): Filter {
    const number = Math.round(randomFraction(this.#random) * 100) / 100;
    return this.#pick<Filter>([
      { colour: this.#pick(colours) },
      { number: { $lt: number } },
      { tags: this.#pick(["a", "b"]) },
      { $or: [{ colour: "blue" }, { number: { $gte: number } }] },
      { colour: { $ne: "red" }, extra: { $exists: false } },
      { number: { $gt: 2 } },
    ]);
  }

  #metadata(at: number) {
    return {
      colour: this.#pick(colours),
      number: randomFraction(this.#random),
      ...(at % 3 === 0 && { tags: at % 2 === 0 ? ["a"] : ["a", "b"] }),
    };
  }

  #centre(): Float32Array {
    return this.#pick(this.#centres);
  }

  #point(centre: Float32Array | undefined): Float32Array {
    const spread = centre ? 0.3 : 1;
    return Float32Array.from(
      { length: dimension },
      (_, at) => (centre?.[at] ?? 0) + spread * (2 * randomFraction(this.#random) - 1),
    );
  }

  #pick<T>(items: readonly T[]): T {
    return items[randomBelow(this.#random, items.length)] as T;
  }
}

/** The rows of an answer; versions are each store's own. */
function withoutVersions(answer: unknown): unknown[] {
  const { vectors } = answer as { vectors: { version: string; id: string }[] };
  const rows = vectors.map(({ version, ...row }) => {
    expect(version).toMatch(/\S/);
    return row;
  });
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}
