/** One thread's view of the newest publication of the payload index. */
import type { FilterNode } from "../filters/index.js";
import { Layer } from "./layer.js";
import { compileLayerFilter } from "./layer-filter.js";
import type { PayloadPublication } from "./publication.js";
import { blockRows, blockWords } from "./row-bits.js";
import type { RowBits } from "./row-bits.js";

/** What the index knows of the rows below `covered`, as of `position` of the change log. */
export interface IndexedRows {
  readonly covered: number;
  readonly position: number;
  /** Rows that match, one bit per ordinal. */
  readonly words: Uint32Array;
  /** Rows whose metadata has to be looked at, rising. */
  readonly undecided: Uint32Array;
}

export class PayloadReader {
  #publication: PayloadPublication | undefined;
  #layers = new Map<number, Layer>();

  get covered(): number {
    return this.#publication?.covered ?? 0;
  }

  get position(): number {
    return this.#publication?.position ?? 0;
  }

  refresh(publication: PayloadPublication): void {
    const layers = new Map<number, Layer>();
    for (const { id, buffer } of publication.layers) {
      layers.set(id, this.#layers.get(id) ?? new Layer(buffer));
    }
    this.#layers = layers;
    this.#publication = publication;
  }

  /** Which rows a filter admits; undefined while nothing is published. */
  find(node: FilterNode): IndexedRows | undefined {
    if (!this.#publication) return undefined;
    const { covered, position } = this.#publication;
    const length = Math.ceil(covered / blockRows) * blockWords;
    const words = new Uint32Array(length);
    const may = new Uint32Array(length);
    const filter = compileLayerFilter(node);
    for (const layer of this.#layers.values()) {
      const bounds = filter(layer);
      const from = layer.block * blockWords;
      replace(words.subarray(from, from + blockWords), bounds.must, layer.covers);
      replace(may.subarray(from, from + blockWords), bounds.may, layer.covers);
    }
    return { covered, position, words, undecided: undecided(words, may) };
  }
}

/** Puts `rows` in the place of what `target` says of the rows covered. */
function replace(target: Uint32Array, rows: RowBits, covers: RowBits): void {
  for (let at = 0; at < blockWords; at++) {
    target[at] =
      ((target[at] as number) & ~(covers[at] as number)) |
      ((rows[at] as number) & (covers[at] as number));
  }
}

function undecided(must: Uint32Array, may: Uint32Array): Uint32Array {
  const rows: number[] = [];
  for (let at = 0; at < must.length; at++) {
    let word = ((may[at] as number) & ~(must[at] as number)) >>> 0;
    for (; word !== 0; word = (word & (word - 1)) >>> 0) {
      rows.push(at * 32 + 31 - Math.clz32(word & -word));
    }
  }
  return Uint32Array.from(rows);
}
