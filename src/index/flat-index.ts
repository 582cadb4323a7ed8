/**
 * The index that is none: every search is an exact scan. Its builder only counts, so that a flat
 * collection reports its progress like any other.
 */
import { assert } from "../base/index.js";
import { ExactScanner } from "./exact-scanner.js";
import type { SharedRows } from "./shared-rows.js";
import type { FlatSpec } from "./index-spec.js";
import type {
  FlatPublication,
  IndexAnswer,
  IndexBuilder,
  IndexEngine,
  IndexPublication,
  IndexQuery,
  IndexReader,
  UpkeepNeed,
} from "./vector-index.js";

class FlatBuilder implements IndexBuilder {
  readonly publicationCost = "constant";
  #indexed = 0;
  #published: FlatPublication;

  constructor(
    readonly spec: FlatSpec,
    readonly rows: SharedRows,
  ) {
    this.#published = { engine: "flat", spec, generation: 0, indexed: 0 };
  }

  get indexed(): number {
    return this.#indexed;
  }

  add(count: number): Promise<number> {
    const taken = Math.min(count, this.rows.committed - this.#indexed);
    this.#indexed += taken;
    return Promise.resolve(taken);
  }

  get isPublished(): boolean {
    return this.#published.indexed === this.#indexed;
  }

  upkeep(): Promise<UpkeepNeed> {
    return Promise.resolve("nothing");
  }

  remove(): void {
    // Dead rows are told by their flags; there is nothing else to forget.
  }

  publish(): Promise<FlatPublication> {
    const { generation, indexed } = this.#published;
    if (indexed !== this.#indexed) {
      this.#published = {
        ...this.#published,
        generation: generation + 1,
        indexed: this.#indexed,
      };
    }
    return Promise.resolve(this.#published);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class FlatReader implements IndexReader {
  readonly #scanner: ExactScanner;
  #publication: FlatPublication;

  constructor(publication: FlatPublication, rows: SharedRows) {
    this.#publication = publication;
    this.#scanner = new ExactScanner(rows);
  }

  get metric(): FlatSpec["metric"] {
    return this.#publication.spec.metric;
  }

  get indexed(): number {
    return this.#publication.indexed;
  }

  search(query: IndexQuery): IndexAnswer {
    const range = { from: 0, to: this.indexed, allow: query.allow };
    const hits = this.#scanner.scan({ ...query, metric: this.metric }, range);
    return { hits, route: { kind: "scan" } };
  }

  refresh(publication: IndexPublication): Promise<void> {
    assert(publication.engine === "flat", "publication of the reader's engine");
    this.#publication = publication;
    return Promise.resolve();
  }

  close(): void {
    // Holds nothing but views of the rows.
  }
}

export const flatEngine: IndexEngine<FlatSpec, FlatPublication> = {
  openBuilder({ spec, rows }) {
    return Promise.resolve(new FlatBuilder(spec, rows));
  },
  attach(publication, rows) {
    return Promise.resolve(new FlatReader(publication, rows));
  },
};
