/** The compiled list kernels (src/kernels/ivf) as typed functions over one memory. */
import { instantiate } from "../kernels.js";

/** All addresses are byte offsets; `scratch` is that of the calling thread's scratch slot. */
export interface ListKernels {
  /** Encodes the vector in the scratch slot as a record there, centred as in `table`. */
  encodeRow(scratch: number, table: number): void;
  /** Turns the centred vector at `vector` into a record; `zeros`: as many zero bytes. */
  encodeCentroid(vector: number, record: number, zeros: number): void;
  /** Index of the list of `table` that a record belongs to. */
  nearestCentroid(record: number, table: number, scratch: number): number;
  /** The keys of all lists of `table`, in its order, to `keys`: the nearer, the less. */
  rankLists(query: number, table: number, keys: number): void;
  appendRow(record: number, ordinal: number, chunk: number): void;
  openSearch(scratch: number): void;
  /** Probes until `lists` are probed and `rows` compared; 1 when it looked at `turn` rows before. */
  probe(
    scratch: number,
    lists: number,
    rows: number,
    limit: number,
    wanted: number,
    isFiltered: number,
    turn: number,
  ): number;
  /** How many ordinals are in the pool, nearest first. */
  closeSearch(scratch: number): number;
  /** The number and the score of each row's nearest centroid. */
  assignRows(
    rows: number,
    count: number,
    centroids: number,
    centroidCount: number,
    stride: number,
    codeBytes: number,
    numbers: number,
    scores: number,
  ): void;
  lowerScores(
    rows: number,
    count: number,
    centroid: number,
    stride: number,
    codeBytes: number,
    scores: number,
  ): void;
  measureRows(rows: number, count: number, stride: number, codeBytes: number): void;
  accumulate(
    rows: number,
    count: number,
    stride: number,
    codeBytes: number,
    numbers: number,
    sums: number,
  ): void;
}

export function instantiateLists(memory: WebAssembly.Memory): ListKernels {
  return instantiate("ivf", memory) as ListKernels;
}
