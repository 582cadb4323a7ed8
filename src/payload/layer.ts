/** One frozen layer, as any thread reads it. */
import { Column } from "./column.js";
import { readLayer } from "./layer-format.js";
import type { LayerHeader } from "./layer-format.js";
import type { Family } from "./row-terms.js";
import { blockWords } from "./row-bits.js";
import type { RowBits } from "./row-bits.js";

export class Layer {
  readonly block: number;
  /** Rows that the layer speaks for: what older layers say of them does not count. */
  readonly covers: RowBits;
  readonly live: RowBits;
  /** Live rows of which the terms do not say everything, if there are such. */
  readonly unknown: RowBits | undefined;
  readonly #buffer: SharedArrayBuffer;
  readonly #header: LayerHeader;
  readonly #start: number;
  readonly #columns = new Map<string, Column | undefined>();

  constructor(buffer: SharedArrayBuffer) {
    const { header, start } = readLayer(buffer);
    const bits = (at: number): RowBits => new Uint32Array(buffer, start + at, blockWords);
    this.#buffer = buffer;
    this.#header = header;
    this.#start = start;
    this.block = header.block;
    this.covers = bits(header.coversAt);
    this.live = bits(header.liveAt);
    this.unknown = header.hasUnknown ? bits(header.unknownAt) : undefined;
  }

  get bytes(): number {
    return this.#buffer.byteLength;
  }

  /** Undefined where no row has anything of the kind. */
  column(path: string, family: Family): Column | undefined {
    const key = `${family} ${path}`;
    if (this.#columns.has(key)) return this.#columns.get(key);
    const columns = this.#header.columns[family];
    const header = columns && Object.hasOwn(columns, path) ? columns[path] : undefined;
    const column = header && new Column(this.#buffer, this.#start, header);
    this.#columns.set(key, column);
    return column;
  }
}
