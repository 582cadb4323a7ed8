/**
 * hnswlib-node's graph behind typed arrays and ordinals. What the native side wants and this hides:
 * plain arrays of numbers instead of Float32Array, room made before a point is added, k no larger
 * than that room, a search effort set beside the search, and errors for points that it does not hold.
 *
 * Cosine runs as inner product over rows that are scaled to unit length here, in float64, where no
 * norm overflows. One thread; nothing may be added while `save` runs.
 */
import hnswlib from "hnswlib-node";
import type { HierarchicalNSW, SpaceName } from "hnswlib-node";
import { DvespError } from "../base/index.js";
import { unitScale, type Metric } from "./metric.js";
import type { HnswSpec } from "./index-spec.js";

const spaces: Readonly<Record<Metric, SpaceName>> = { cosine: "ip", l2: "l2", dot_product: "ip" };

/** Room that a new graph has for points. */
const capacityMin = 1024;
/** The graphs of all replicas are grown from one seed: the same rows give the same graph. */
const levelSeed = 100;

export interface GraphWalk {
  readonly query: Float32Array;
  /** Rows wanted at most. */
  readonly k: number;
  /** Candidates kept during the walk; at least `k` are. */
  readonly ef: number;
  /** Only rows for which this holds are returned; it is asked once per row that the walk meets. */
  readonly admits?: ((ordinal: number) => boolean) | undefined;
}

export class HnswlibGraph {
  readonly #native: HierarchicalNSW;
  readonly #metric: Metric;
  readonly #point: number[];

  private constructor(native: HierarchicalNSW, spec: HnswSpec) {
    this.#native = native;
    this.#metric = spec.metric;
    this.#point = new Array<number>(spec.dimension).fill(0);
  }

  static create(spec: HnswSpec): HnswlibGraph {
    const native = new hnswlib.HierarchicalNSW(spaces[spec.metric], spec.dimension);
    native.initIndex({
      maxElements: capacityMin,
      m: spec.m,
      efConstruction: spec.efConstruction,
      randomSeed: levelSeed,
    });
    return new HnswlibGraph(native, spec);
  }

  /** Reads a saved graph without blocking this thread. Errors: `DATA_CORRUPTED`. */
  static async load(path: string, spec: HnswSpec): Promise<HnswlibGraph> {
    const native = new hnswlib.HierarchicalNSW(spaces[spec.metric], spec.dimension);
    try {
      await native.readIndex(path);
    } catch (cause) {
      throw new DvespError("DATA_CORRUPTED", `cannot read the graph ${path}`, { cause });
    }
    return new HnswlibGraph(native, spec);
  }

  /** Points held, the removed among them. */
  get count(): number {
    return this.#native.getCurrentCount();
  }

  /** Ordinals of all points held, the removed among them, in no order. */
  ordinals(): number[] {
    return this.#native.getIdsList();
  }

  /** Makes room for `count` points in all; takes time in proportion when it has to move them. */
  reserve(count: number): void {
    const capacity = this.#native.getMaxElements();
    if (count <= capacity) return;
    this.#native.resizeIndex(Math.max(count, Math.ceil(capacity * 1.5), capacityMin));
  }

  add(ordinal: number, vector: Float32Array): void {
    this.reserve(this.count + 1);
    this.#native.addPoint(this.#asPoint(vector), ordinal);
  }

  /** Leaves a point out of later results; one that is not held, or removed already, is no error. */
  remove(ordinal: number): void {
    try {
      this.#native.markDelete(ordinal);
    } catch (error) {
      if (!/not found|already deleted/.test(String(error))) throw error;
    }
  }

  /** Whether the graph holds `vector` under `ordinal`, to the last bit; removed points never. */
  holds(ordinal: number, vector: Float32Array): boolean {
    let held: number[];
    try {
      held = this.#native.getPoint(ordinal);
    } catch {
      return false;
    }
    return this.#asPoint(vector).every((value, index) => Math.fround(value) === held[index]);
  }

  /** Ordinals near the query, nearest first; may be fewer than `k` although there are more. */
  walk({ query, k, ef, admits }: GraphWalk): Uint32Array {
    const wanted = Math.min(k, this.count);
    if (wanted === 0) return new Uint32Array(0);
    this.#native.setEf(ef);
    return Uint32Array.from(this.#native.searchKnn(this.#asPoint(query), wanted, admits).neighbors);
  }

  /** Writes the graph to a file without blocking this thread; a full disk goes unnoticed here. */
  async save(path: string): Promise<void> {
    await this.#native.writeIndex(path);
  }

  /** Gives the native memory back at once, instead of when the collector gets to it. */
  close(): void {
    this.#native.initIndex(1);
  }

  #asPoint(vector: Float32Array): number[] {
    const scale = this.#metric === "cosine" ? unitScale(vector) : 1;
    for (let index = 0; index < vector.length; index++) {
      this.#point[index] = (vector[index] as number) * scale;
    }
    return this.#point;
  }
}
