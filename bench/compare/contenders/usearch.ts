/** usearch: its effort is fixed when an index is made, so each effort is a view of the saved file. */
import usearch from "usearch";
import { rowOf } from "../../data-set.js";
import { efConstruction, hnswEfforts, k, m } from "../contender.js";
import type { Contender } from "../contender.js";
import type { LoadedSet } from "../sets.js";

const sliceRows = 1000;
const { Index, MetricKind, ScalarKind } = usearch;
const kinds = { f32: ScalarKind.F32, f16: ScalarKind.F16, i8: ScalarKind.I8 };

export class Usearch implements Contender {
  readonly kind = "index";
  readonly knob = "ef";
  readonly efforts = hnswEfforts;
  readonly isConcurrent = false;
  /** Its JavaScript interface has no filter. */
  readonly filters = false;
  #set!: LoadedSet;
  #path = "";
  #index!: InstanceType<typeof Index>;

  constructor(readonly quantization: "f32" | "f16" | "i8") {}

  build(set: LoadedSet, directory: string): void {
    const { train } = set;
    this.#set = set;
    this.#path = `${directory}/index`;
    this.#index = this.#create(64);
    for (let first = 0; first < train.rows; first += sliceRows) {
      const count = Math.min(sliceRows, train.rows - first);
      const keys = BigUint64Array.from({ length: count }, (_, at) => BigInt(first + at));
      this.#index.add(
        keys,
        Array.from({ length: count }, (_, at) => rowOf(train, first + at)),
        1,
      );
    }
    this.#index.save(this.#path);
  }

  setEffort(effort: number): void {
    this.#index = this.#create(effort);
    this.#index.load(this.#path);
  }

  search(query: number): ArrayLike<number> {
    const { keys } = this.#index.search(this.#set.queries[query]!, k, 1);
    return Array.from(keys, Number);
  }

  #create(effort: number): InstanceType<typeof Index> {
    return new Index({
      dimensions: this.#set.train.dimension,
      metric: this.#set.metric === "l2" ? MetricKind.L2sq : MetricKind.Cos,
      quantization: kinds[this.quantization],
      connectivity: m,
      expansion_add: efConstruction,
      expansion_search: effort,
      multi: false,
    });
  }
}
