/** @zvec/zvec, an embedded store: its HNSW over float32 and over int8 codes, and its IVF. */
import { join } from "node:path";
import {
  ZVecCollectionSchema,
  ZVecCreateAndOpen,
  ZVecDataType,
  ZVecIndexType,
  ZVecMetricType,
  ZVecQuantizeType,
} from "@zvec/zvec";
import type { ZVecCollection } from "@zvec/zvec";
import { rowOf } from "../../data-set.js";
import { efConstruction, hnswEfforts, ivfEfforts, k, listsFor, m } from "../contender.js";
import type { Contender } from "../contender.js";
import { toSql } from "../sets.js";
import type { FilterSpec, LoadedSet } from "../sets.js";

const batchRows = 1000;

export class Zvec implements Contender {
  readonly kind = "store";
  readonly knob: "ef" | "nprobe";
  readonly efforts: readonly number[];
  readonly isConcurrent = true;
  readonly filters = true;
  #set!: LoadedSet;
  #collection!: ZVecCollection;
  #effort = 0;
  #filter: string | undefined;

  constructor(readonly variant: "hnsw" | "hnsw-int8" | "ivf") {
    this.knob = variant === "ivf" ? "nprobe" : "ef";
    this.efforts = variant === "ivf" ? ivfEfforts : hnswEfforts;
  }

  build(set: LoadedSet, directory: string): void {
    const { train } = set;
    this.#set = set;
    this.#collection = ZVecCreateAndOpen(join(directory, "zvec"), this.#schema());
    for (let first = 0; first < train.rows; first += batchRows) {
      const docs = Array.from({ length: Math.min(batchRows, train.rows - first) }, (_, at) => ({
        id: String(first + at),
        vectors: { vector: rowOf(train, first + at) },
        fields: { r: set.r[first + at]!, c: set.c[first + at]! },
      }));
      const failed = this.#collection.insertSync(docs).find(({ ok }) => !ok);
      if (failed) throw new Error(`zvec refused a row: ${failed.message}`);
    }
    this.#collection.optimizeSync();
  }

  setEffort(effort: number): void {
    this.#effort = effort;
  }

  setFilter(filter: FilterSpec | undefined): void {
    this.#filter = filter && toSql(filter);
  }

  async search(query: number): Promise<number[]> {
    const docs = await this.#collection.query({
      fieldName: "vector",
      vector: this.#set.queries[query]!,
      topk: k,
      params: this.#params(),
      ...(this.#filter !== undefined && { filter: this.#filter }),
    });
    return docs.map(({ id }) => Number(id));
  }

  #params() {
    if (this.variant === "ivf") {
      return { indexType: ZVecIndexType.IVF, nprobe: this.#effort } as const;
    }
    const isUsingRefiner = this.variant === "hnsw-int8";
    return { indexType: ZVecIndexType.HNSW, ef: this.#effort, isUsingRefiner } as const;
  }

  #schema(): ZVecCollectionSchema {
    const { train, metric } = this.#set;
    const metricType = metric === "l2" ? ZVecMetricType.L2 : ZVecMetricType.COSINE;
    const hnsw = {
      indexType: ZVecIndexType.HNSW,
      metricType,
      m,
      efConstruction,
      ...(this.variant === "hnsw-int8" && { quantizeType: ZVecQuantizeType.INT8 }),
    } as const;
    const ivf = { indexType: ZVecIndexType.IVF, metricType, nList: listsFor(train.rows) } as const;
    const inverted = { indexType: ZVecIndexType.INVERT, enableRangeOptimization: true } as const;
    const field = (name: string) =>
      ({ name, dataType: ZVecDataType.INT32, indexParams: inverted }) as const;
    return new ZVecCollectionSchema({
      name: "compare",
      vectors: {
        name: "vector",
        dataType: ZVecDataType.VECTOR_FP32,
        dimension: train.dimension,
        indexParams: this.variant === "ivf" ? ivf : hnsw,
      },
      fields: [field("r"), field("c")],
    });
  }
}
