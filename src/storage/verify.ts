/**
 * The whole store, checked against itself: every record against its checksum, every live vector
 * against the checksum in its record, ids and rows against each other, counts and lengths against
 * the head. It changes nothing, and goes on after what it finds.
 */
import { isDvespError, toStorageError, type Disk } from "../base/index.js";
import { decodeFile, droppedFiles } from "./file-records.js";
import { IdLookup } from "./id-lookup.js";
import type { IdRun } from "./id-run.js";
import { IdRuns } from "./id-runs.js";
import {
  expiryKey,
  idKey,
  idOfKey,
  numberKey,
  numberOfKey,
  operationKey,
  operationOfExpiry,
  operationOfKey,
  rangeOf,
  tags,
  type Tag,
} from "./keys.js";
import { openExistingTable } from "./open-row-store.js";
import { decodeLeaves } from "./leaf-records.js";
import {
  decodeNothing,
  decodeOperation,
  decodeOrdinal,
  decodeRow,
  decodeStanding,
  decodeTombstone,
  isRowOf,
  type StoreHead,
} from "./records.js";
import { readHead } from "./row-snapshot.js";
import type { OpenTable, TableEntry, TableSnapshot } from "./table.js";
import { VectorLayout } from "./vector-layout.js";
import { verifyPromises, verifyStages, type ReplicationChecks } from "./verify-replication.js";
import { verifyVectors } from "./verify-vectors.js";

/** Problems told one by one; beyond, they are only counted. */
const problemsMax = 1000;

export interface VerifyOptions {
  readonly directory: string;
  readonly disk: Disk;
  /** Default LMDB. */
  readonly openTable?: OpenTable;
  /** Called now and then with the rows checked so far, of how many; rows are checked in two passes. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface VerifyReport {
  /** Records found, of each kind. */
  readonly rows: number;
  readonly ids: number;
  readonly tombstones: number;
  readonly leaves: number;
  readonly operations: number;
  readonly promises: number;
  readonly stages: number;
  /** Live vectors whose bytes were compared with their checksum. */
  readonly vectors: number;
  readonly nextOrdinal: number;
  /** What is wrong, as sentences; at most 1,000 of them. */
  readonly problems: readonly string[];
  readonly problemCount: number;
}

/**
 * Verifies the store in `directory`, which nobody writes meanwhile. What is wrong is in the report.
 * Errors: `INVALID_ARGUMENT` when there is no store.
 */
export async function verifyRowStore(options: VerifyOptions): Promise<VerifyReport> {
  const table = await openExistingTable(options);
  const snapshot = table.snapshot();
  try {
    return await new Verifier(options, snapshot).run();
  } finally {
    snapshot.release();
    await table.close();
  }
}

class Verifier {
  readonly #options: VerifyOptions;
  readonly #table: TableSnapshot;
  readonly #problems: string[] = [];
  #problemCount = 0;

  constructor(options: VerifyOptions, table: TableSnapshot) {
    this.#options = options;
    this.#table = table;
  }

  async run(): Promise<VerifyReport> {
    const head = this.#attempt(() => readHead(this.#table));
    if (!head) this.#problem("the head record is missing or spoilt");
    const runs = (head && this.#attempt(() => new IdRuns().of(this.#table, head))) ?? [];
    const ids = new IdLookup(this.#table, runs);
    const rows = this.#rows(head, ids);
    const replication = this.#replication(ids);
    const counts = {
      rows,
      ids: this.#ids(runs) + this.#idsOfRuns(runs),
      tombstones: this.#each(tags.tombstone, decodeTombstone),
      leaves: this.#leaves(),
      operations: this.#operations(),
      promises: verifyPromises(replication),
      stages: verifyStages(replication),
    };
    this.#each(tags.standing, decodeStanding);
    if (head && head.rows !== rows) {
      this.#problem(`the head record counts ${head.rows} live rows, ${rows} are there`);
    }
    if (head) this.#files(head);
    const vectors = head ? await this.#vectors(head) : 0;
    return {
      ...counts,
      vectors,
      nextOrdinal: head?.nextOrdinal ?? 0,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }

  /** Calls `check` with every entry of a kind; what it throws is a problem. How many there are. */
  #each(tag: Tag, check: (key: Uint8Array, value: Uint8Array) => unknown): number {
    let count = 0;
    for (const { key, value } of this.#table.entries(rangeOf(tag))) {
      count++;
      this.#attempt(() => check(key, value));
    }
    return count;
  }

  #rows(head: StoreHead | undefined, ids: IdLookup): number {
    let count = 0;
    return this.#each(tags.row, (key, value) => {
      if (++count % 1024 === 0) this.#options.onProgress?.(count, 2 * (head?.rows ?? count));
      const row = decodeRow(key, value);
      if (head && row.ordinal >= head.nextOrdinal) {
        this.#problem(`row ${row.ordinal} is beyond the last ordinal`);
      }
      const ordinal = ids.ordinalOf(row.id);
      if (ordinal === row.ordinal) return;
      this.#problem(`row ${row.ordinal}: its id names ${ordinal ?? "no row"}`);
    });
  }

  /** Ids of live rows in the tree. One whose row went while its id is in a run too may be left. */
  #ids(runs: readonly IdRun[]): number {
    let stale = 0;
    const entries = this.#each(tags.id, (key, value) => {
      const ordinal = decodeOrdinal(key, value);
      const row = this.#table.get(numberKey(tags.row, ordinal));
      const id = idOfKey(key);
      if (row && isRowOf(row, id)) return;
      if (!row && runs.some((run) => run.ordinalOf(id) !== undefined)) {
        stale++;
        return;
      }
      const name = Buffer.from(id).toString("hex");
      this.#problem(
        `id ${name} names row ${ordinal}, which ${row ? "has another id" : "is not there"}`,
      );
    });
    return entries - stale;
  }

  /** Ids of live rows that are in a run only. */
  #idsOfRuns(runs: readonly IdRun[]): number {
    let count = 0;
    for (const run of runs) {
      for (const { id, ordinal } of run.entries(undefined)) {
        const row = this.#table.get(numberKey(tags.row, ordinal));
        if (row && !isRowOf(row, id)) this.#problem(`a run's row ${ordinal} has another id`);
        const key = idKey(tags.id, id);
        const known = this.#table.get(key);
        if (row && !(known && decodeOrdinal(key, known) === ordinal)) count++;
      }
    }
    return count;
  }

  /** Counts of live rows by vector file, against the rows. */
  #files(head: StoreHead): void {
    const counted = new Map<number, number>();
    for (const key of this.#table.keys(rangeOf(tags.row))) {
      const ordinal = numberOfKey(key);
      const first = ordinal - (ordinal % head.rowsPerFile);
      counted.set(first, (counted.get(first) ?? 0) + 1);
    }
    this.#each(tags.file, (key, value) => {
      const { firstOrdinal, liveRows } = decodeFile(key, value);
      const rows = counted.get(firstOrdinal) ?? 0;
      counted.delete(firstOrdinal);
      if (rows === liveRows) return;
      this.#problem(`vector file ${firstOrdinal} counts ${liveRows} live rows, ${rows} are there`);
    });
    for (const [first, rows] of counted) {
      this.#problem(`vector file ${first} counts 0 live rows, ${rows} are there`);
    }
  }

  #leaves(): number {
    let count = 0;
    this.#each(tags.leaves, (key, value) => (count += decodeLeaves(key, value).length));
    return count;
  }

  #operations(): number {
    this.#each(tags.expiry, (key, value) => {
      decodeNothing(key, value);
      const name = operationOfExpiry(key);
      if (!this.#table.get(operationKey(name))) this.#problem(`operation ${name} is not there`);
    });
    return this.#each(tags.operation, (key, value) => {
      const name = operationOfKey(key);
      const { expiresMs } = decodeOperation(key, value);
      if (!this.#table.get(expiryKey(expiresMs, name))) {
        this.#problem(`operation ${name} would never expire`);
      }
    });
  }

  #replication(ids: IdLookup): ReplicationChecks {
    return {
      table: this.#table,
      ids,
      each: (tag, check) => this.#each(tag, check),
      problem: (problem) => this.#problem(problem),
    };
  }

  async #vectors(head: StoreHead): Promise<number> {
    const layout = this.#attempt(() => new VectorLayout(head.dimension, head.rowsPerFile));
    if (!layout) return 0;
    const { disk, directory, onProgress } = this.#options;
    return verifyVectors({
      disk,
      directory,
      layout,
      dropped: this.#attempt(() => droppedFiles(this.#table)) ?? new Set(),
      nextOrdinal: head.nextOrdinal,
      rows: this.#soundRows(),
      onProblem: (problem) => this.#problem(problem),
      onProgress: (done) => onProgress?.(head.rows + done, 2 * head.rows),
    });
  }

  *#soundRows() {
    for (const entry of this.#table.entries(rangeOf(tags.row))) {
      const row = this.#soundRow(entry);
      if (row) yield row;
    }
  }

  /** The row, or nothing when it is spoilt, which the pass over records has told already. */
  #soundRow({ key, value }: TableEntry) {
    try {
      return decodeRow(key, value);
    } catch (error) {
      if (isDvespError(error)) return undefined;
      throw error;
    }
  }

  #attempt<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.#problem(toStorageError(error, "verifying").message);
      return undefined;
    }
  }

  #problem(problem: string): void {
    this.#problemCount++;
    if (this.#problems.length < problemsMax) this.#problems.push(problem);
  }
}
