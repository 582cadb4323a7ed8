/** A writer beside the builder's thread: one task on a thread of its own, for one slice of rows. */
import type { SharedSpec } from "../index-spec.js";
import { SharedRows, type SharedRowsHandle } from "../shared-rows.js";
import { SharedGraph } from "./graph.js";
import { levelOf } from "./levels.js";
import { WriterSlice, type WriterSliceHandle } from "./writers-slice.js";

export interface WriterTask {
  readonly spec: SharedSpec;
  readonly memory: WebAssembly.Memory;
  /** Ordinal of the graph's first row. */
  readonly first: number;
  readonly rows: SharedRowsHandle;
  readonly slice: WriterSliceHandle;
  /** This thread's alone, on the graph and on the rows. */
  readonly slot: number;
}

/** Takes rows of the slice in until none is left to claim. */
export function writeRows(task: WriterTask): void {
  const { spec, memory, first, rows: handle, slice: shared, slot } = task;
  const rows = SharedRows.attach(handle, slot);
  const graph = SharedGraph.attach(spec, memory, slot);
  const slice = new WriterSlice(shared);
  for (const ordinal of slice.rows()) {
    if (takeRow({ graph, first }, rows, ordinal)) slice.finish(ordinal);
  }
}

/** A graph, and the ordinal that its first row stands for. */
export interface PlacedGraph {
  readonly graph: SharedGraph;
  readonly first: number;
}

/**
 * Takes a row into a graph with room for it, a dead one as dead. False when another writer kept a lock
 * for too long: the row is then to be taken in again.
 */
export function takeRow({ graph, first }: PlacedGraph, rows: SharedRows, ordinal: number): boolean {
  if (!rows.isDead(ordinal)) {
    return graph.add(ordinal - first, rows.vector(ordinal), levelOf(ordinal, graph.m));
  }
  graph.remove(ordinal - first);
  return true;
}
