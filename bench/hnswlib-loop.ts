/** hnswlib-node called in a loop on one thread: what a store is compared with that answers the same. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import hnswlib from "hnswlib-node";
import type { HierarchicalNSW } from "hnswlib-node";
import { rowOf } from "./data-set.js";
import type { DataSet } from "./data-set.js";
import type { WithIds } from "./search-stage.js";
import { RecallCount } from "./search-stage.js";

const m = 16;
const efConstruction = 100;
const efSteps = [10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256];
const calibrationQueries = 1000;

interface Effort {
  readonly ef: number;
  readonly recall: number;
}

export class HnswlibLoop {
  readonly #index: HierarchicalNSW;
  readonly #data: DataSet & WithIds;
  /** As the library wants them, made beforehand. */
  readonly #points: readonly number[][];
  #efforts: readonly Effort[] | undefined;

  constructor(index: HierarchicalNSW, data: DataSet & WithIds) {
    this.#index = index;
    this.#data = data;
    this.#points = data.truth.map((_, row) => pointOf(rowOf(data.queries, row), data.metric));
  }

  /** The `ef` whose recall comes nearest to `recall`, and what it is. */
  effortFor(recall: number, topK: number): Effort {
    this.#efforts ??= efSteps.map((ef) => ({ ef, recall: this.#recallAt(ef, topK) }));
    const gap = (step: Effort): number => Math.abs(step.recall - recall);
    return this.#efforts.reduce((best, step) => (gap(step) < gap(best) ? step : best));
  }

  /** Queries per second, over `seconds`. */
  run(ef: number, topK: number, seconds: number): number {
    this.#index.setEf(ef);
    const began = performance.now();
    let done = 0;
    while (performance.now() < began + seconds * 1000) {
      this.#index.searchKnn(this.#points[done++ % this.#points.length]!, topK);
    }
    return done / ((performance.now() - began) / 1000);
  }

  #recallAt(ef: number, topK: number): number {
    const count = new RecallCount(this.#data);
    this.#index.setEf(ef);
    for (const [query, point] of this.#points.slice(0, calibrationQueries).entries()) {
      const { neighbors } = this.#index.searchKnn(point, topK);
      count.count(
        query,
        neighbors.map((row) => this.#data.ids[row]!),
      );
    }
    return count.value;
  }
}

/** Builds the index of all rows, or reads it from an earlier run in the same directory. */
export function buildHnswlib(path: string, data: DataSet & WithIds): HnswlibLoop {
  const { train, metric } = data;
  const index = new hnswlib.HierarchicalNSW(metric === "l2" ? "l2" : "ip", train.dimension);
  const file = join(path, "hnswlib.index");
  if (existsSync(file)) {
    index.readIndexSync(file);
    return new HnswlibLoop(index, data);
  }
  index.initIndex({ maxElements: train.rows, m, efConstruction, randomSeed: 100 });
  for (let row = 0; row < train.rows; row++)
    index.addPoint(pointOf(rowOf(train, row), metric), row);
  index.writeIndexSync(file);
  return new HnswlibLoop(index, data);
}

/** hnswlib runs cosine as inner product over unit vectors. */
function pointOf(vector: Float32Array, metric: DataSet["metric"]): number[] {
  const length = metric === "cosine" ? Math.hypot(...vector) : 1;
  return Array.from(vector, (value) => value / length);
}
