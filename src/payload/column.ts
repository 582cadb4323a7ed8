/** Reads one column of a layer: which rows have which terms. Views of shared memory, nothing copied. */
import type { RangeBound } from "../filters/index.js";
import type { ColumnHeader } from "./layer-format.js";
import type { PlainValue } from "./row-terms.js";
import { addRows, blockWords } from "./row-bits.js";
import type { RowBits } from "./row-bits.js";
import { fixedCount, fixedRanks, termCharsMax } from "./terms.js";

/** Ranks [from, to). */
export interface RankRange {
  readonly from: number;
  readonly to: number;
}

const noRanks: RankRange = { from: 0, to: 0 };

export class Column {
  readonly #header: ColumnHeader;
  readonly #numbers: Float64Array;
  readonly #stringStarts: Uint32Array;
  readonly #chars: Uint8Array | Uint16Array;
  readonly #starts: Uint32Array;
  readonly #rows: Uint16Array;
  readonly #dense: readonly { readonly rank: number; readonly bits: RowBits }[];

  constructor(buffer: SharedArrayBuffer, start: number, header: ColumnHeader) {
    const { numbers, strings } = header;
    const ranks = fixedCount + numbers + strings;
    this.#header = header;
    this.#numbers = new Float64Array(buffer, start + header.numbersAt, numbers);
    this.#stringStarts = new Uint32Array(buffer, start + header.stringStartsAt, strings + 1);
    const length = this.#stringStarts[strings] as number;
    const charsAt = start + header.charsAt;
    this.#chars = header.wide
      ? new Uint16Array(buffer, charsAt, length)
      : new Uint8Array(buffer, charsAt, length);
    this.#starts = new Uint32Array(buffer, start + header.startsAt, ranks + 1);
    this.#rows = new Uint16Array(buffer, start + header.rowsAt, this.#starts[ranks]);
    this.#dense = header.dense.map(([rank, at]) => ({
      rank,
      bits: new Uint32Array(buffer, start + at, blockWords),
    }));
  }

  /** Adds the rows that have a term of these ranks. */
  addTo(target: RowBits, { from, to }: RankRange): void {
    const end = this.#starts[to] as number;
    const rows = this.#rows;
    for (let at = this.#starts[from] as number; at < end; at++) {
      const row = rows[at] as number;
      const word = row >>> 5;
      target[word] = (target[word] as number) | (1 << (row & 31));
    }
    for (const { rank, bits } of this.#dense) {
      if (rank >= from && rank < to) addRows(target, bits);
    }
  }

  /** The term of a value; strings of more than `termCharsMax` are in `long`. */
  ranksOf(value: PlainValue): RankRange {
    if (value === null) return one(fixedRanks.null);
    if (typeof value === "boolean") return one(value ? fixedRanks.true : fixedRanks.false);
    if (typeof value === "string" && value.length > termCharsMax) return noRanks;
    return { from: this.#rankBelow(value, false), to: this.#rankBelow(value, true) };
  }

  /** The terms on one side of a value, of the same type. */
  ranksWithin(bound: RangeBound, value: number | string | boolean): RankRange {
    const { first, end } = this.#ranksOfType(value);
    const from = this.#firstFrom(value, bound === "gt" || bound === "lte");
    return bound === "gt" || bound === "gte" ? { from, to: end } : { from: first, to: from };
  }

  /** The terms that are strings and pass a test, each once. */
  ranksPassing(test: (text: string) => boolean): RankRange[] {
    const first = fixedCount + this.#header.numbers;
    const text = this.#allText();
    const found: RankRange[] = [];
    for (let index = 0; index < this.#header.strings; index++) {
      const start = this.#stringStarts[index] as number;
      if (test(text.slice(start, this.#stringStarts[index + 1]))) found.push(one(first + index));
    }
    return found;
  }

  #ranksOfType(value: number | string | boolean): { first: number; end: number } {
    const { numbers, strings } = this.#header;
    if (typeof value === "boolean") return { first: fixedRanks.false, end: fixedRanks.true + 1 };
    if (typeof value === "number") return { first: fixedCount, end: fixedCount + numbers };
    return { first: fixedCount + numbers, end: fixedCount + numbers + strings };
  }

  /** The first rank of the value's type that is at or above it, or above it when `after`. */
  #firstFrom(value: number | string | boolean, after: boolean): number {
    if (typeof value !== "boolean") return this.#rankBelow(value, after);
    return fixedRanks.false + (value ? 1 : 0) + (after ? 1 : 0);
  }

  #rankBelow(value: number | string, orEqual: boolean): number {
    const isNumber = typeof value === "number";
    const count = isNumber ? this.#header.numbers : this.#header.strings;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = isNumber
        ? (this.#numbers[middle] as number) - value
        : this.#compare(middle, value);
      if (order < 0 || (orEqual && order === 0)) low = middle + 1;
      else high = middle;
    }
    return fixedCount + low + (isNumber ? 0 : this.#header.numbers);
  }

  /** How string `index` stands to `text`, by code units. */
  #compare(index: number, text: string): number {
    const start = this.#stringStarts[index] as number;
    const length = (this.#stringStarts[index + 1] as number) - start;
    const shared = Math.min(length, text.length);
    for (let at = 0; at < shared; at++) {
      const order = (this.#chars[start + at] as number) - text.charCodeAt(at);
      if (order !== 0) return order;
    }
    return length - text.length;
  }

  /** All strings, one after the other: decoding them at once takes a tenth of the time. */
  #allText(): string {
    const { buffer, byteOffset, byteLength } = this.#chars;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    return bytes.toString(this.#header.wide ? "utf16le" : "latin1");
  }
}

export function one(rank: number): RankRange {
  return { from: rank, to: rank + 1 };
}
