/**
 * A read transaction of LMDB as a snapshot. Ranges are fetched page by page, so that no cursor is open
 * between two steps of an iterator: an abandoned one holds nothing, and a release is always safe.
 */
import type { RangeOptions, RootDatabase } from "lmdb";
import { assert, inNative } from "../base/index.js";
import { lmdbError } from "./lmdb-errors.js";
import type { KeyRange, TableEntry, TableSnapshot } from "./table.js";

export type Transaction = ReturnType<RootDatabase["useReadTransaction"]>;

/** Its types leave out that this method takes a transaction, as `get` does. */
export type Database = RootDatabase<Buffer, Uint8Array> & {
  getBinaryFast(key: Uint8Array, options: { transaction: Transaction }): Buffer | undefined;
};

const entriesPerPage = 64;
const keysPerPage = 1024;

export class LmdbSnapshot implements TableSnapshot {
  readonly #database: Database;
  readonly #transaction: Transaction;
  readonly #onRelease: () => void;
  #released = false;

  constructor(database: Database, transaction: Transaction, onRelease: () => void) {
    this.#database = database;
    this.#transaction = transaction;
    this.#onRelease = onRelease;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    assert(!this.#released, "read of a released snapshot");
    try {
      return inNative(() => this.#database.get(key, { transaction: this.#transaction }));
    } catch (error) {
      throw lmdbError(error, "reading the table");
    }
  }

  has(key: Uint8Array): boolean {
    assert(!this.#released, "read of a released snapshot");
    try {
      // The value is left in a buffer of lmdb-js: nothing is made of it.
      const options = { transaction: this.#transaction };
      return inNative(() => this.#database.getBinaryFast(key, options)) !== undefined;
    } catch (error) {
      throw lmdbError(error, "reading the table");
    }
  }

  entries(range: KeyRange): Iterable<TableEntry> {
    return this.#inPages(
      range,
      entriesPerPage,
      (options) => this.#database.getRange(options),
      (entry) => entry.key,
    );
  }

  keys(range: KeyRange): Iterable<Uint8Array> {
    return this.#inPages(
      range,
      keysPerPage,
      (options) => this.#database.getKeys(options),
      (key) => key,
    );
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    inNative(() => this.#transaction.done());
    this.#onRelease();
  }

  *#inPages<T>(
    range: KeyRange,
    limit: number,
    fetch: (options: RangeOptions) => Iterable<T>,
    keyOf: (item: T) => Uint8Array,
  ): Iterable<T> {
    let start = range.from;
    let exclusiveStart = false;
    let page: T[];
    do {
      assert(!this.#released, "read of a released snapshot");
      const transaction = this.#transaction;
      try {
        const options = { start, exclusiveStart, end: range.to, limit, transaction };
        page = inNative(() => [...fetch(options)]);
      } catch (error) {
        throw lmdbError(error, "reading the table");
      }
      yield* page;
      const last = page.at(-1);
      if (last !== undefined) start = keyOf(last);
      exclusiveStart = true;
    } while (page.length === limit);
  }
}
