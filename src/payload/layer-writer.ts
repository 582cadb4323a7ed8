/**
 * Takes rows of one block, in rising order, and freezes what it has, or the rows from one on, into a layer
 * as often as wanted.
 *
 * What would take too much memory is left out, and the rows concerned are noted as unknown: of them
 * the layer says only what is certain, and whoever asks looks at their metadata.
 */
import type { JsonObject } from "../base/index.js";
import { ColumnWriter } from "./column-writer.js";
import { Sections } from "./layer-format.js";
import type { ColumnHeader } from "./layer-format.js";
import { noRows, rowsFrom, setRow } from "./row-bits.js";
import { families, takeTerms } from "./row-terms.js";
import type { Family, PlainValue, TermSink } from "./row-terms.js";

/** Terms noted of one row, and paths of one block. */
const rowTermsMax = 256;
const pathsMax = 1024;

export class LayerWriter implements TermSink {
  readonly #covers = noRows();
  readonly #live = noRows();
  readonly #unknown = noRows();
  readonly #columns = {
    value: new Map<string, ColumnWriter>(),
    element: new Map<string, ColumnWriter>(),
    size: new Map<string, ColumnWriter>(),
  } satisfies Record<Family, Map<string, ColumnWriter>>;
  #lastUnknown = -1;
  #row = 0;
  #termsLeft = 0;
  #isUnknown = false;

  constructor(readonly block: number) {}

  /** Speaks for `row` from now on; without metadata there is no such row. */
  add(row: number, metadata: JsonObject | undefined): void {
    setRow(this.#covers, row);
    if (!metadata) return;
    setRow(this.#live, row);
    this.#row = row;
    this.#termsLeft = rowTermsMax;
    this.#isUnknown = false;
    if (!takeTerms(metadata, this)) this.#isUnknown = true;
    this.#noteUnknown();
  }

  #noteUnknown(): void {
    if (!this.#isUnknown) return;
    setRow(this.#unknown, this.#row);
    this.#lastUnknown = this.#row;
  }

  term(path: string, family: Family, value: PlainValue): boolean {
    this.#column(path, family)?.add(this.#row, value);
    return --this.#termsLeft > 0;
  }

  leads(path: string): boolean {
    this.#column(path, "value")?.addLeads(this.#row);
    return --this.#termsLeft > 0;
  }

  /** What it has of the rows from `firstRow` on. */
  freeze(firstRow = 0): SharedArrayBuffer {
    const sections = new Sections();
    const columns = Object.fromEntries(
      families.map((family) => [family, this.#write(family, sections, firstRow)]),
    );
    return sections.toLayer({
      block: this.block,
      coversAt: sections.add(rowsFrom(this.#covers, firstRow)),
      liveAt: sections.add(rowsFrom(this.#live, firstRow)),
      unknownAt: sections.add(rowsFrom(this.#unknown, firstRow)),
      hasUnknown: this.#lastUnknown >= firstRow,
      columns,
    });
  }

  #write(family: Family, sections: Sections, firstRow: number): Record<string, ColumnHeader> {
    const written = [...this.#columns[family]].flatMap(([path, column]) => {
      const header = column.write(sections, firstRow);
      return header ? [[path, header] as const] : [];
    });
    return Object.fromEntries(written);
  }

  #column(path: string, family: Family): ColumnWriter | undefined {
    const columns = this.#columns[family];
    const known = columns.get(path);
    if (known) return known;
    if (columns.size >= pathsMax) {
      this.#isUnknown = true;
      return undefined;
    }
    const column = new ColumnWriter(family === "value");
    columns.set(path, column);
    return column;
  }
}
