/** Gathers the terms of one path and family, row by row in rising order, and lays them out. */
import type { ColumnHeader, DenseTerm } from "./layer-format.js";
import type { Sections } from "./layer-format.js";
import type { PlainValue } from "./row-terms.js";
import { noRows, setRow } from "./row-bits.js";
import { fixedCount, fixedRanks, listedRowsMax, termCharsMax } from "./terms.js";

export class ColumnWriter {
  /** Term numbers in the order of their coming, the fixed ones first. */
  readonly #numbers = new Map<number, number>();
  readonly #strings = new Map<string, number>();
  /** By term number: its last row, and how many rows it has. */
  readonly #lastRows: number[] = new Array<number>(fixedCount).fill(-1);
  readonly #counts: number[] = new Array<number>(fixedCount).fill(0);
  /** Entries: term number and row. */
  readonly #terms: number[] = [];
  readonly #rows: number[] = [];

  add(row: number, value: PlainValue): void {
    this.#note(this.#termOf(value), row);
  }

  addLeads(row: number): void {
    this.#note(fixedRanks.leads, row);
  }

  /** The column as sections and their places. */
  write(sections: Sections): ColumnHeader {
    const numbers = Float64Array.from(this.#numbers.keys()).sort();
    // The default order of strings is that of their UTF-16 code units.
    const strings = [...this.#strings.keys()].sort();
    const ranks = this.#ranks(numbers, strings);
    const { wide, starts: stringStarts, chars } = packStrings(strings);
    const { starts, rows, dense } = this.#postings(ranks, sections);
    return {
      numbers: numbers.length,
      strings: strings.length,
      wide,
      numbersAt: sections.add(numbers),
      stringStartsAt: sections.add(stringStarts),
      charsAt: sections.add(chars),
      startsAt: sections.add(starts),
      rowsAt: sections.add(rows),
      dense,
    };
  }

  #termOf(value: PlainValue): number {
    if (value === null) return fixedRanks.null;
    if (typeof value === "boolean") return value ? fixedRanks.true : fixedRanks.false;
    if (typeof value === "number") return this.#known(this.#numbers, value);
    return value.length > termCharsMax ? fixedRanks.long : this.#known(this.#strings, value);
  }

  #known<Value>(terms: Map<Value, number>, value: Value): number {
    const known = terms.get(value);
    if (known !== undefined) return known;
    const term = this.#counts.length;
    terms.set(value, term);
    this.#counts.push(0);
    this.#lastRows.push(-1);
    return term;
  }

  #note(term: number, row: number): void {
    if (this.#lastRows[term] === row) return;
    this.#lastRows[term] = row;
    this.#counts[term] = (this.#counts[term] as number) + 1;
    this.#terms.push(term);
    this.#rows.push(row);
  }

  /** Rank of each term number. */
  #ranks(numbers: Float64Array, strings: readonly string[]): Uint32Array {
    const ranks = new Uint32Array(this.#counts.length);
    for (let term = 0; term < fixedCount; term++) ranks[term] = term;
    numbers.forEach((value, index) => {
      ranks[this.#numbers.get(value) as number] = fixedCount + index;
    });
    strings.forEach((value, index) => {
      ranks[this.#strings.get(value) as number] = fixedCount + numbers.length + index;
    });
    return ranks;
  }

  /** Entries sorted by rank, by counting; those of dense terms as bit sets. */
  #postings(ranks: Uint32Array, sections: Sections) {
    const starts = new Uint32Array(ranks.length + 1);
    const sets = new Map<number, Uint32Array>();
    this.#counts.forEach((count, term) => {
      const rank = ranks[term] as number;
      if (count > listedRowsMax) sets.set(rank, noRows());
      else starts[rank + 1] = count;
    });
    for (let rank = 0; rank < ranks.length; rank++) {
      starts[rank + 1] = (starts[rank + 1] as number) + (starts[rank] as number);
    }
    const rows = this.#place(ranks, starts, sets);
    const dense = [...sets].map(([rank, bits]): DenseTerm => [rank, sections.add(bits)]);
    return { starts, rows, dense: dense.sort(([a], [b]) => a - b) };
  }

  #place(
    ranks: Uint32Array,
    starts: Uint32Array,
    sets: ReadonlyMap<number, Uint32Array>,
  ): Uint16Array {
    const rows = new Uint16Array(starts[ranks.length] as number);
    const next = starts.slice();
    for (let entry = 0; entry < this.#terms.length; entry++) {
      const rank = ranks[this.#terms[entry] as number] as number;
      const row = this.#rows[entry] as number;
      const set = sets.get(rank);
      if (set) setRow(set, row);
      else {
        const at = next[rank] as number;
        rows[at] = row;
        next[rank] = at + 1;
      }
    }
    return rows;
  }
}

/** All strings after each other, in one byte a code unit where all fit. */
function packStrings(strings: readonly string[]) {
  const starts = new Uint32Array(strings.length + 1);
  strings.forEach((text, index) => {
    starts[index + 1] = (starts[index] as number) + text.length;
  });
  const length = starts[strings.length] as number;
  const wide = strings.some(isWide);
  const chars = wide ? new Uint16Array(length) : new Uint8Array(length);
  let at = 0;
  for (const text of strings) {
    for (let index = 0; index < text.length; index++) chars[at++] = text.charCodeAt(index);
  }
  return { wide, starts, chars };
}

function isWide(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return true;
  return false;
}
