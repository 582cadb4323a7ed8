/** The whole store, embedded: durable rows, searches on its own threads, ids and metadata answered. */
import { efConstruction, hnswEfforts, k, m } from "../contender.js";
import type { Contender } from "../contender.js";
import type { FilterSpec, LoadedSet } from "../sets.js";
import type { VectorStore } from "../../../dist/index.js";
import { dvesp } from "./dvesp.js";

const collection = "compare";
const batchRows = 5000;
const pollMs = 20;

export class DvespStore implements Contender {
  readonly kind = "store";
  readonly knob = "ef";
  readonly efforts = hnswEfforts;
  readonly isConcurrent = true;
  readonly filters = true;
  readonly #rowOfId = new Map<string, number>();
  #set!: LoadedSet;
  #store!: VectorStore;
  #ef = 0;
  #filter: Record<string, unknown> | undefined;

  constructor(readonly engine: "shared" | "hnswlib") {}

  async open(path: string): Promise<void> {
    this.#store = await dvesp.open({ path });
  }

  async build(set: LoadedSet): Promise<void> {
    const { dimension, rows, data } = set.train;
    this.#set = set;
    const { engine } = this;
    await this.#store.create_collection({
      collection,
      dimension,
      distance_metric: set.metric,
      index: { type: "hnsw", engine, m, ef_construction: efConstruction },
    });
    for (let row = 0; row < rows; row += batchRows) {
      const slice = data.slice(row * dimension, (row + batchRows) * dimension);
      const metadata = Array.from({ length: slice.length / dimension }, (_, at) => {
        return { r: set.r[row + at]!, c: set.c[row + at]! };
      });
      const request = { collection, vectors: { dimension, data: slice }, metadata };
      const { vector_ids } = await this.#store.insert({ ...request, timeout_ms: 60_000 });
      vector_ids.forEach((id, at) => this.#rowOfId.set(id, row + at));
    }
    for (;;) {
      const { indexed_rows } = await this.#store.describe_collection({ collection });
      if (indexed_rows === rows) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  setEffort(effort: number): void {
    this.#ef = effort;
  }

  setFilter(filter: FilterSpec | undefined): void {
    this.#filter = filter && { [filter.field]: { [`$${filter.op}`]: filter.value } };
  }

  async search(query: number): Promise<number[]> {
    const { results } = await this.#store.search({
      collection,
      query_vector: this.#set.queries[query]!,
      top_k: k,
      ef: this.#ef,
      include_vectors: false,
      ...(this.#filter && { filter: this.#filter }),
    });
    return results.map(({ id }) => this.#rowOfId.get(id)!);
  }
}
