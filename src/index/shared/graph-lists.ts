/**
 * The link lists of a graph as JavaScript reads and mends them, beside readers and without writers:
 * only between the builder's slices. What the kernels know of lists is in src/kernels/hnsw/links.ts.
 */
import { header, linksField, upperField } from "./graph-layout.js";
import type { SharedGraph } from "./graph.js";

export interface EntryPoint {
  readonly ordinal: number;
  readonly level: number;
}

export class GraphLists {
  readonly #graph: SharedGraph;
  readonly #words: Uint32Array;

  constructor(graph: SharedGraph) {
    this.#graph = graph;
    this.#words = new Uint32Array(graph.memory.buffer);
  }

  /** Where walks begin; undefined while no row is linked. */
  get entry(): EntryPoint | undefined {
    const [low = 0, level = 0] = this.#words.subarray(header.entry / 4);
    return low === 0 ? undefined : { ordinal: low - 1, level };
  }

  /** Rows that a row links to on a level that it reaches: a view, valid until the list changes. */
  links(ordinal: number, level: number): Uint32Array {
    const at = this.#listIndex(ordinal, level);
    return this.#words.subarray(at + 1, at + 1 + Atomics.load(this.#words, at));
  }

  /** Has `from` link to `to` on the lowest level; false when its list is full. */
  append(from: number, to: number): boolean {
    const at = this.#listIndex(from, 0);
    const count = Atomics.load(this.#words, at);
    if (count === 2 * this.#graph.m) return false;
    this.#words[at + 1 + count] = to;
    Atomics.store(this.#words, at, count + 1);
    return true;
  }

  /** Has the link at `index` of the lowest level lead elsewhere. */
  replace(from: number, index: number, to: number): void {
    Atomics.store(this.#words, this.#listIndex(from, 0) + 1 + index, to);
  }

  #listIndex(ordinal: number, level: number): number {
    const { rowsBase, stride, codeBytes } = this.#graph.layout;
    const fields = rowsBase + ordinal * stride + codeBytes;
    if (level === 0) return (fields + linksField) / 4;
    const upper = this.#words[(fields + upperField) / 4] as number;
    return upper / 4 + (level - 1) * (1 + this.#graph.m);
  }
}
