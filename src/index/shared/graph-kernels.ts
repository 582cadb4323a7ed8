/** The compiled graph kernels (src/kernels/hnsw) as typed functions over one graph's memory. */
import { instantiate } from "../kernels.js";

/** `scratch` is the byte offset of the calling thread's scratch slot. */
export interface GraphKernels {
  /** Takes the vector in the scratch slot as row `id`; 0 when another writer kept a lock. */
  insertRow(scratch: number, id: number, level: number): number;
  /** Encodes the vector in the scratch slot as the query of the walks that follow. */
  prepareQuery(scratch: number): void;
  /** Begins a walk for the prepared query that leaves out row `hidden`; 0 while the graph is empty. */
  openWalk(scratch: number, hidden: number): number;
  /** Fills the pool with the `ef` nearest; how many, or 0 when it met `rows` rows and goes on. */
  walk(scratch: number, ef: number, rows: number): number;
  /** Begins a walk that meets none but allowed rows around the `count` of them in the pool. */
  openFiltered(scratch: number, count: number): void;
  /** As `walk`, of a filtered one. */
  walkFiltered(scratch: number, ef: number, rows: number): number;
  /** Adds the allowed rows of [from, to) to the `kept` nearest in the pool; how many it holds. */
  scanAllowed(scratch: number, from: number, to: number, wanted: number, kept: number): number;
  /** Turns the pool into the row numbers that qualify, nearest first; how many. */
  collect(scratch: number, count: number, limit: number, isFiltered: number): number;
}

export function instantiateGraph(memory: WebAssembly.Memory): GraphKernels {
  return instantiate("hnsw", memory) as GraphKernels;
}
