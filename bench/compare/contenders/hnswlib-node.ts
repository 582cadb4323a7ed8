/** hnswlib-node: float32, one thread; a filter is a function that it calls for every row it meets. */
import hnswlib from "hnswlib-node";
import { efConstruction, hnswEfforts, k, m } from "../contender.js";
import type { Contender } from "../contender.js";
import { rowOf } from "../../data-set.js";
import { admits } from "../sets.js";
import type { FilterSpec, LoadedSet } from "../sets.js";
import { toUnit } from "./unit.js";

export class HnswlibNode implements Contender {
  readonly kind = "index";
  readonly knob = "ef";
  readonly efforts = hnswEfforts;
  readonly isConcurrent = false;
  readonly filters = true;
  #set!: LoadedSet;
  #index!: hnswlib.HierarchicalNSW;
  /** It takes arrays of numbers only; made beforehand, so that making them is not timed. */
  #queries: readonly number[][] = [];
  #filter: ((row: number) => boolean) | undefined;

  build(set: LoadedSet, directory: string): void {
    const { train, metric } = set;
    this.#set = set;
    this.#queries = set.queries.map((query) => Array.from(toUnit(query, metric)));
    this.#index = new hnswlib.HierarchicalNSW(metric === "l2" ? "l2" : "ip", train.dimension);
    this.#index.initIndex({ maxElements: train.rows, m, efConstruction, randomSeed: 100 });
    for (let row = 0; row < train.rows; row++) {
      this.#index.addPoint(Array.from(toUnit(rowOf(train, row), metric)), row);
    }
    this.#index.writeIndexSync(`${directory}/index`);
  }

  setEffort(effort: number): void {
    this.#index.setEf(effort);
  }

  setFilter(filter: FilterSpec | undefined): void {
    this.#filter = filter && ((row) => admits(this.#set, filter, row));
  }

  search(query: number): ArrayLike<number> {
    return this.#index.searchKnn(this.#queries[query]!, k, this.#filter).neighbors;
  }
}
