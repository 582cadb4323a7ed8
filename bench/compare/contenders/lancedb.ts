/** LanceDB, a store of columns on disk: a graph over 8-bit codes, or lists of product codes. */
import { Index, connect, makeArrowTable } from "@lancedb/lancedb";
import type { Table } from "@lancedb/lancedb";
import { rowOf } from "../../data-set.js";
import { efConstruction, hnswEfforts, ivfEfforts, k, listsFor, m } from "../contender.js";
import type { Contender } from "../contender.js";
import { toSql } from "../sets.js";
import type { FilterSpec, LoadedSet } from "../sets.js";

const batchRows = 5000;
/** Candidates per hit that are compared again by their float32 rows. */
const refineFactor = { hnsw: 2, ivf: 10 };
const componentsPerCode = 8;

export class LanceDb implements Contender {
  readonly kind = "store";
  readonly knob: "ef" | "nprobe";
  readonly efforts: readonly number[];
  readonly isConcurrent = true;
  readonly filters = true;
  #set!: LoadedSet;
  #table!: Table;
  #effort = 0;
  #filter: string | undefined;

  constructor(readonly variant: "hnsw" | "ivf") {
    this.knob = variant === "ivf" ? "nprobe" : "ef";
    // It refuses an ef below the candidates that are compared again.
    const hnsw = hnswEfforts.filter((ef) => ef >= k * refineFactor.hnsw);
    this.efforts = variant === "ivf" ? ivfEfforts : hnsw;
  }

  async build(set: LoadedSet, directory: string): Promise<void> {
    const { rows, dimension } = set.train;
    this.#set = set;
    const database = await connect(directory);
    for (let first = 0; first < rows; first += batchRows) {
      const batch = makeArrowTable(
        Array.from({ length: Math.min(batchRows, rows - first) }, (_, at) => ({
          id: first + at,
          r: set.r[first + at]!,
          c: set.c[first + at]!,
          vector: Array.from(rowOf(set.train, first + at)),
        })),
      );
      if (first === 0) this.#table = await database.createTable("compare", batch);
      else await this.#table.add(batch);
    }
    await this.#table.optimize();
    const config =
      this.variant === "hnsw"
        ? Index.hnswSq({ distanceType: set.metric, m, efConstruction })
        : Index.ivfPq({
            distanceType: set.metric,
            numPartitions: listsFor(rows),
            numSubVectors: dimension / componentsPerCode,
          });
    await this.#table.createIndex("vector", { config });
    for (const column of ["r", "c"]) await this.#table.createIndex(column);
  }

  setEffort(effort: number): void {
    this.#effort = effort;
  }

  setFilter(filter: FilterSpec | undefined): void {
    this.#filter = filter && toSql(filter);
  }

  async search(query: number): Promise<number[]> {
    const search = this.#table.vectorSearch(this.#set.queries[query]!).limit(k);
    if (this.variant === "hnsw") search.ef(this.#effort);
    else search.nprobes(this.#effort);
    search.refineFactor(refineFactor[this.variant]).select(["id", "r", "c", "_distance"]);
    if (this.#filter !== undefined) search.where(this.#filter);
    const found = (await search.toArray()) as { readonly id: number }[];
    return found.map(({ id }) => id);
  }
}
