/**
 * One index as one searcher sees it: the newest publication attached, nothing before the first one.
 * A collection may change its kind of index as it grows.
 */
import { ReplicaSearch, attachReader, selectIndex } from "../../index/index.js";
import type {
  IndexPublication,
  IndexReader,
  IndexedCollection,
  ReplicaAnswer,
  ReplicaQuery,
  SharedRows,
} from "../../index/index.js";

export class AttachedIndex {
  readonly #rows: SharedRows;
  readonly #nothing: IndexPublication;
  #publication: IndexPublication;
  #reader: IndexReader;
  #search: ReplicaSearch;
  /** Settles when the last refresh has ended, well or not. */
  #moved: Promise<void> = Promise.resolve();

  private constructor(rows: SharedRows, nothing: IndexPublication, reader: IndexReader) {
    this.#rows = rows;
    this.#nothing = nothing;
    this.#publication = nothing;
    this.#reader = reader;
    this.#search = new ReplicaSearch(rows, reader);
  }

  /** With nothing indexed: every row is fresh. */
  static async open(rows: SharedRows, collection: IndexedCollection): Promise<AttachedIndex> {
    const spec = selectIndex({ ...collection, index: { type: "flat" } }, 0);
    const nothing = { engine: "flat", spec, generation: 0, indexed: 0 } as IndexPublication;
    return new AttachedIndex(rows, nothing, await attachReader(nothing, rows));
  }

  /** What is attached; one of engine `flat` before the first. */
  get publication(): IndexPublication {
    return this.#publication;
  }

  search(query: ReplicaQuery): ReplicaAnswer {
    return this.#search.search(query);
  }

  /**
   * Moves on to a newer publication, in the order of calls. Errors: `DATA_CORRUPTED`; the one before stays
   * attached.
   */
  refresh(publication: IndexPublication): Promise<void> {
    const moved = this.#moved.then(() => this.#moveTo(publication));
    this.#moved = moved.catch(() => undefined);
    return moved;
  }

  async #moveTo(publication: IndexPublication): Promise<void> {
    if (publication.engine === this.#publication.engine) {
      await this.#reader.refresh(publication);
      this.#publication = publication;
      return;
    }
    const reader = await attachReader(publication, this.#rows);
    this.#reader.close();
    this.#publication = publication;
    this.#reader = reader;
    this.#search = new ReplicaSearch(this.#rows, reader);
  }

  /** Lets go of what is attached: every row is fresh again. */
  detach(): Promise<void> {
    return this.refresh(this.#nothing);
  }

  close(): void {
    this.#reader.close();
  }
}
