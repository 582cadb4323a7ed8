/**
 * Gathers the terms of one path and family, row by row in rising order, and lays out those of all rows,
 * or of the rows from one on. Where `leads` is asked for, each row of an entry has that term too: of the many
 * rows with a plain value it is not noted, but known when they are laid out.
 */
import type { ColumnHeader, DenseTerm } from "./layer-format.js";
import type { Sections } from "./layer-format.js";
import type { PlainValue } from "./row-terms.js";
import { noRows, setRow } from "./row-bits.js";
import { fixedCount, fixedRanks, listedRowsMax, termCharsMax } from "./terms.js";

export class ColumnWriter {
  readonly #hasLeads: boolean;
  /** Term numbers in the order of their coming, the fixed ones first. */
  readonly #numbers = new Map<number, number>();
  readonly #strings = new Map<string, number>();
  /** By term number: its value, and its last row. */
  readonly #values: PlainValue[] = new Array<PlainValue>(fixedCount).fill(null);
  readonly #lastRows: number[] = new Array<number>(fixedCount).fill(-1);
  /** Entries: term number and row. */
  readonly #terms: number[] = [];
  readonly #rows: number[] = [];

  /** `hasLeads`: whether every row of an entry has the term `leads`. */
  constructor(hasLeads: boolean) {
    this.#hasLeads = hasLeads;
  }

  add(row: number, value: PlainValue): void {
    this.#note(this.#termOf(value), row);
  }

  addLeads(row: number): void {
    this.#note(fixedRanks.leads, row);
  }

  /** The column of the rows from `firstRow` on as sections and their places; undefined when none has a term. */
  write(sections: Sections, firstRow: number): ColumnHeader | undefined {
    const first = this.#entryOf(firstRow);
    if (first === this.#rows.length) return undefined;
    const { counts, numbers, strings } = this.#present(first);
    const ranks = this.#ranks(numbers, strings);
    const { wide, starts: stringStarts, chars } = packStrings(strings);
    const rankCount = fixedCount + numbers.length + strings.length;
    const { starts, rows, dense } = this.#postings({ first, counts, ranks, rankCount }, sections);
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

  #known<Value extends PlainValue>(terms: Map<Value, number>, value: Value): number {
    const known = terms.get(value);
    if (known !== undefined) return known;
    const term = this.#values.length;
    terms.set(value, term);
    this.#values.push(value);
    this.#lastRows.push(-1);
    return term;
  }

  #note(term: number, row: number): void {
    if (this.#lastRows[term] === row) return;
    this.#lastRows[term] = row;
    this.#terms.push(term);
    this.#rows.push(row);
  }

  /** The first entry of a row that is not below `firstRow`. */
  #entryOf(firstRow: number): number {
    let from = 0;
    let to = this.#rows.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#rows[middle] as number) < firstRow) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Entries from `first` on of each term number, and the values that they have, sorted. */
  #present(first: number) {
    const counts = new Uint32Array(this.#values.length);
    const numbers: number[] = [];
    const strings: string[] = [];
    for (let entry = first; entry < this.#terms.length; entry++) {
      if (this.#isLed(entry, first))
        counts[fixedRanks.leads] = (counts[fixedRanks.leads] as number) + 1;
      const term = this.#terms[entry] as number;
      if (term === fixedRanks.leads) continue;
      const before = counts[term] as number;
      counts[term] = before + 1;
      if (before > 0 || term < fixedCount) continue;
      const value = this.#values[term];
      if (typeof value === "number") numbers.push(value);
      else strings.push(value as string);
    }
    // The default order of strings is that of their UTF-16 code units.
    return { counts, numbers: Float64Array.from(numbers).sort(), strings: strings.sort() };
  }

  /** Whether the entry, among those from `first` on, is the one by which its row has the term `leads`. */
  #isLed(entry: number, first: number): boolean {
    if (!this.#hasLeads) return false;
    return entry === first || this.#rows[entry] !== this.#rows[entry - 1];
  }

  /** Rank of each term number that is present. */
  #ranks(numbers: Float64Array, strings: readonly string[]): Uint32Array {
    const ranks = new Uint32Array(this.#values.length);
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
  #postings(chosen: Chosen, sections: Sections) {
    const { counts, ranks, rankCount } = chosen;
    const starts = new Uint32Array(rankCount + 1);
    const sets = new Map<number, Uint32Array>();
    counts.forEach((count, term) => {
      if (count === 0) return;
      const rank = ranks[term] as number;
      if (count > listedRowsMax) sets.set(rank, noRows());
      else starts[rank + 1] = count;
    });
    for (let rank = 0; rank < rankCount; rank++) {
      starts[rank + 1] = (starts[rank + 1] as number) + (starts[rank] as number);
    }
    const rows = this.#place(chosen, starts, sets);
    const dense = [...sets].map(([rank, bits]): DenseTerm => [rank, sections.add(bits)]);
    return { starts, rows, dense: dense.sort(([a], [b]) => a - b) };
  }

  #place(
    { first, ranks, rankCount }: Chosen,
    starts: Uint32Array,
    sets: ReadonlyMap<number, Uint32Array>,
  ): Uint16Array {
    const rows = new Uint16Array(starts[rankCount] as number);
    const next = starts.slice();
    const place = (rank: number, row: number): void => {
      const set = sets.get(rank);
      if (set) setRow(set, row);
      else {
        const at = next[rank] as number;
        rows[at] = row;
        next[rank] = at + 1;
      }
    };
    for (let entry = first; entry < this.#terms.length; entry++) {
      const term = this.#terms[entry] as number;
      const row = this.#rows[entry] as number;
      if (this.#isLed(entry, first)) place(fixedRanks.leads, row);
      if (term !== fixedRanks.leads) place(ranks[term] as number, row);
    }
    return rows;
  }
}

/** The entries of a column from `first` on. */
interface Chosen {
  readonly first: number;
  /** By term number: entries, and the rank of those that have any. */
  readonly counts: Uint32Array;
  readonly ranks: Uint32Array;
  readonly rankCount: number;
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
