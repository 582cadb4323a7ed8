/**
 * The graphs of one index as one thread sees them. A graph fills one memory; rows beyond go to the
 * next one, so that graph `i` holds the ordinals from `i * graphRowsOf(spec)` on. A walk asks every
 * graph; who ranks its candidates by their float32 rows merges what they found.
 */
import type { SharedSpec } from "../index-spec.js";
import { graphLayout } from "./graph-layout.js";
import type { FilteredWalk, GraphHits, GraphList, GraphWalk } from "./graph-queries.js";
import { SharedGraph } from "./graph.js";

/** Rows of a graph that is full: whole words of an allow-list. */
export function graphRowsOf(spec: SharedSpec): number {
  const { rowsMax } = graphLayout(spec);
  const rows = Math.min(spec.graphRows ?? rowsMax, rowsMax);
  return Math.max(32, rows - (rows % 32));
}

export class GraphSet {
  readonly #rowsPerGraph: number;
  readonly #graphs: readonly SharedGraph[];

  constructor(spec: SharedSpec, graphs: readonly SharedGraph[]) {
    this.#rowsPerGraph = graphRowsOf(spec);
    this.#graphs = graphs;
  }

  /** Attaches memories; graphs that `known` has attached already are taken over. */
  static attach(
    spec: SharedSpec,
    memories: readonly WebAssembly.Memory[],
    scratchSlot: number,
    known?: GraphSet,
  ): GraphSet {
    const graphs = memories.map(
      (memory, index) =>
        known?.find(index, memory) ?? SharedGraph.attach(spec, memory, scratchSlot),
    );
    return new GraphSet(spec, graphs);
  }

  /** The graph of that number, if its memory is the one given. */
  find(index: number, memory: WebAssembly.Memory): SharedGraph | undefined {
    const graph = this.#graphs[index];
    return graph?.isSame(memory) === true ? graph : undefined;
  }

  /** Rows near the query, at most as many as wanted of each graph, those of one graph nearest first. */
  walk(walk: GraphWalk): GraphHits {
    const [only] = this.#graphs;
    if (only !== undefined && this.#graphs.length === 1) return only.walk(walk);
    return allOf(this.#each(walk, (graph, own) => graph.walk(own)));
  }

  /** Admitted rows near the query, by a walk over admitted rows alone; as `walk` otherwise. */
  filteredWalk(walk: FilteredWalk): GraphHits {
    return allOf(this.#each(walk, (graph, own) => graph.filteredWalk(own)));
  }

  /** The nearest of all admitted rows by their codes, at most as many as wanted of each graph. */
  list(list: GraphList): Uint32Array {
    return joined(this.#each(list, (graph, own) => graph.list(own)));
  }

  /** Asks every graph that has rows below the limit. */
  #each<Asked extends { readonly limit: number }, Found>(
    asked: Asked,
    ask: (graph: SharedGraph, own: Asked & { readonly first: number }) => Found,
  ): Found[] {
    const found: Found[] = [];
    this.#graphs.forEach((graph, index) => {
      const first = index * this.#rowsPerGraph;
      const limit = Math.min(asked.limit - first, this.#rowsPerGraph);
      if (limit > 0) found.push(ask(graph, { ...asked, limit, first }));
    });
    return found;
  }
}

function allOf(found: readonly GraphHits[]): GraphHits {
  return {
    ordinals: joined(found.map(({ ordinals }) => ordinals)),
    count: found.reduce((sum, { count }) => sum + count, 0),
  };
}

function joined(found: readonly Uint32Array[]): Uint32Array {
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const all = new Uint32Array(found.reduce((sum, one) => sum + one.length, 0));
  let end = 0;
  for (const one of found) {
    all.set(one, end);
    end += one.length;
  }
  return all;
}
