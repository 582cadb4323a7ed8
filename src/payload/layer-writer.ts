/**
 * Takes rows of one block, in rising order, and freezes what it has into a layer as often as wanted.
 *
 * What would take too much memory is left out, and the rows concerned are noted as unknown: of them
 * the layer says only what is certain, and whoever asks looks at their metadata.
 */
import type { JsonObject } from "../base/index.js";
import { ColumnWriter } from "./column-writer.js";
import { Sections } from "./layer-format.js";
import type { ColumnHeader } from "./layer-format.js";
import { noRows, setRow } from "./row-bits.js";
import { families, takeTerms } from "./row-terms.js";
import type { Family, PlainValue, TermSink } from "./row-terms.js";

/** Terms noted of one row, and paths of one layer. */
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
  #unknownCount = 0;
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
    this.#unknownCount++;
  }

  term(path: string, family: Family, value: PlainValue): boolean {
    this.#column(path, family)?.add(this.#row, value);
    return --this.#termsLeft > 0;
  }

  leads(path: string): boolean {
    this.#column(path, "value")?.addLeads(this.#row);
    return --this.#termsLeft > 0;
  }

  freeze(): SharedArrayBuffer {
    const sections = new Sections();
    const columns = Object.fromEntries(
      families.map((family) => {
        const written = [...this.#columns[family]].map(([path, column]): [string, ColumnHeader] => [
          path,
          column.write(sections),
        ]);
        return [family, Object.fromEntries(written)];
      }),
    );
    return sections.toLayer({
      block: this.block,
      coversAt: sections.add(this.#covers),
      liveAt: sections.add(this.#live),
      unknownAt: sections.add(this.#unknown),
      unknown: this.#unknownCount,
      columns,
    });
  }

  #column(path: string, family: Family): ColumnWriter | undefined {
    const columns = this.#columns[family];
    const known = columns.get(path);
    if (known) return known;
    if (columns.size >= pathsMax) {
      this.#isUnknown = true;
      return undefined;
    }
    const column = new ColumnWriter();
    columns.set(path, column);
    return column;
  }
}
