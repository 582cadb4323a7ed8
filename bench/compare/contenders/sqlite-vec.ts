/** sqlite-vec: no index, it compares with every row. */
import Database from "better-sqlite3";
import * as sqliteVec from "sqlite-vec";
import { rowOf } from "../../data-set.js";
import { k } from "../contender.js";
import type { Contender } from "../contender.js";
import { toSql } from "../sets.js";
import type { FilterSpec, LoadedSet } from "../sets.js";

const batchRows = 5000;

const toBytes = (vector: Float32Array): Uint8Array =>
  new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

export class SqliteVec implements Contender {
  readonly kind = "store";
  readonly knob = "none";
  readonly efforts = [0];
  readonly isConcurrent = false;
  readonly filters = true;
  #set!: LoadedSet;
  #database!: Database.Database;
  #search!: Database.Statement;

  build(set: LoadedSet, directory: string): void {
    const { rows, dimension } = set.train;
    this.#set = set;
    this.#database = new Database(`${directory}/rows.sqlite`);
    sqliteVec.load(this.#database);
    this.#database.pragma("journal_mode = WAL");
    const metric = set.metric === "l2" ? "l2" : "cosine";
    this.#database.exec(
      `create virtual table rows using vec0(vector float[${dimension}] distance_metric=${metric}, r integer, c integer)`,
    );
    const insert = this.#database.prepare(
      "insert into rows(rowid, vector, r, c) values (?, ?, ?, ?)",
    );
    const insertAll = this.#database.transaction((first: number) => {
      for (let row = first; row < Math.min(first + batchRows, rows); row++) {
        const [r, c] = [BigInt(set.r[row]!), BigInt(set.c[row]!)];
        insert.run(BigInt(row), toBytes(rowOf(set.train, row)), r, c);
      }
    });
    for (let first = 0; first < rows; first += batchRows) insertAll(first);
    this.setFilter(undefined);
  }

  setEffort(): void {}

  setFilter(filter: FilterSpec | undefined): void {
    const condition = filter ? ` and ${toSql(filter)}` : "";
    this.#search = this.#database.prepare(
      `select rowid, distance, r, c from rows where vector match ? and k = ${k}${condition}`,
    );
  }

  search(query: number): number[] {
    const found = this.#search.all(toBytes(this.#set.queries[query]!)) as {
      readonly rowid: number;
    }[];
    return found.map(({ rowid }) => rowid);
  }
}
