/**
 * What writes do to the rows of a group: pure, given the rows as they stand. A write that is refused
 * leaves no trace.
 */
import {
  DvespError,
  formatUuid,
  limits,
  packedItem,
  present,
  uuidBytes,
} from "../../base/index.js";
import { rowTest } from "../../payload/index.js";
import { mergeMetadata } from "../../protocol/index.js";
import type { Filter } from "../../protocol/index.js";
import { vectorCrc } from "../../storage/index.js";
import type { RowRecord } from "../../storage/index.js";
import type { PackedDelete, PackedInsert, PackedUpdate, PackedWrite } from "./messages.js";
import { concatIds, idAt, pickIds, pickVectors } from "./packed-rows.js";
import type { PlannedRows } from "./planned-rows.js";
import type { VersionedRows } from "./replication-messages.js";
import { putRow, versionAfter } from "./row-change.js";
import type { RowChange } from "./row-change.js";

/** The rows of a view that a filter admits. Errors: `INVALID_ARGUMENT`. */
export type RowFinder = (filter: Filter) => Iterable<RowRecord>;

/** A write that looks at nothing but versions: full rows, or ids to delete. */
export type BlindWrite = PackedInsert | BlindDelete;

export interface BlindDelete {
  readonly kind: "delete";
  readonly ids: Uint8Array;
}

export interface PlannedIds {
  readonly ids: Uint8Array;
  readonly missing: Uint8Array;
}

export class WritePlan {
  readonly rows: PlannedRows;
  readonly #findRows: RowFinder | undefined;

  /** `find`: for plans that delete by filter. */
  constructor(rows: PlannedRows, find?: RowFinder) {
    this.rows = rows;
    this.#findRows = find;
  }

  /** Adds a write. Errors: `VERSION_CONFLICT`, `TOO_LARGE`, `INVALID_ARGUMENT`; then nothing of it is planned. */
  add(write: PackedWrite, version: string): PlannedIds {
    switch (write.kind) {
      case "insert":
        return this.#insert(write, version);
      case "update":
        return this.#update(write, version);
      case "delete":
        return this.#delete(write, version);
    }
  }

  /**
   * Adds a write of one replica among several: rows that are newer already stay, and a delete leaves
   * tombstones for all its ids.
   */
  addBlind(write: BlindWrite, version: string): PlannedIds {
    return write.kind === "insert" ? this.#insert(write, version) : this.#bury(write, version);
  }

  /** Adds rows and tombstones of another replica, with contents, each with its own version. */
  addVersioned({ ids, versions, live, vectors, metadata }: Required<VersionedRows>): void {
    const changes: RowChange[] = [];
    const rowVersions: string[] = [];
    this.rows.ofAll(ids).forEach((change, index) => {
      const version = versions[index] as string;
      if (live[index] !== 1) {
        this.rows.buryOlder(change, version);
        return;
      }
      changes.push(change);
      rowVersions.push(version);
    });
    const versionOf = (index: number): string => rowVersions[index] as string;
    this.rows.putNewer({ changes, versionOf, vectors, metadata });
  }

  /** The ids that a write names or, by its filter, matches. */
  idsOf(write: PackedWrite): Uint8Array {
    if (write.kind !== "delete") return write.ids;
    return write.ids ?? this.#matching(write.filter ?? {});
  }

  /** The largest version that any of the ids has, as planned so far; "" when all are unknown. */
  newestOf(ids: Uint8Array): string {
    let newest = "";
    for (const change of this.rows.ofAll(ids)) {
      const version = versionAfter(change) ?? "";
      if (version > newest) newest = version;
    }
    return newest;
  }

  #insert({ ids, vectors, metadata }: PackedInsert, version: string): PlannedIds {
    this.rows.put({ ids, version, vectors, metadata });
    return { ids, missing: new Uint8Array(0) };
  }

  #update(write: PackedUpdate, version: string): PlannedIds {
    const { dimension } = this.rows;
    const { found, missing } = this.#find(write.ids, write.if_versions);
    const metadata = found.map((index) => this.#newMetadata(write, index));
    const vectors = write.vectors && pickVectors(write.vectors, found, dimension);
    const first = vectors ? this.rows.append(vectors) : 0;
    found.forEach((index, position) => {
      const change = this.rows.of(idAt(write.ids, index));
      const row = change.after as RowRecord;
      const where = vectors
        ? { ordinal: first + position, vectorCrc: vectorCrc(vectors, position, dimension) }
        : row;
      if (!this.rows.isNewer(version, change)) return;
      putRow(change, version, where, metadata[position] ?? row.metadata);
    });
    return { ids: pickIds(write.ids, found), missing: pickIds(write.ids, missing) };
  }

  #newMetadata(write: PackedUpdate, index: number): Uint8Array | undefined {
    if (!write.metadata) return undefined;
    const given = packedItem(write.metadata, index);
    if (write.metadata_mode === "replace") return given;
    const row = this.rows.of(idAt(write.ids, index)).after as RowRecord;
    const merged = mergeMetadata(row.metadata, given);
    if (merged.length > limits.metadataBytesMax) {
      throw new DvespError("TOO_LARGE", "merged metadata is over 64 KiB", {
        field: `metadata[${index}]`,
      });
    }
    return merged;
  }

  #delete(write: PackedDelete, version: string): PlannedIds {
    const ids = this.idsOf(write);
    const { found, missing } = this.#find(ids, write.if_versions);
    for (const index of found) this.rows.buryOlder(this.rows.of(idAt(ids, index)), version);
    return { ids: pickIds(ids, found), missing: pickIds(ids, missing) };
  }

  /** Tombstones for all ids, of rows that were there and of those that were not. */
  #bury({ ids }: BlindDelete, version: string): PlannedIds {
    const { found, missing } = this.#find(ids, undefined);
    for (const change of this.rows.ofAll(ids)) this.rows.buryOlder(change, version);
    return { ids: pickIds(ids, found), missing: pickIds(ids, missing) };
  }

  /** Splits `ids` into positions of rows that exist and positions of those that do not. */
  #find(
    ids: Uint8Array,
    expected: readonly string[] | undefined,
  ): { found: number[]; missing: number[] } {
    const found: number[] = [];
    const missing: number[] = [];
    this.rows.ofAll(ids).forEach(({ after: row }, index) => {
      if (expected && row?.version !== expected[index]) throw conflict(ids, index, row);
      (row ? found : missing).push(index);
    });
    return { found, missing };
  }

  #matching(filter: Filter): Uint8Array {
    const ids: Uint8Array[] = [];
    const take = (row: RowRecord): void => {
      ids.push(row.id);
      if (ids.length <= limits.deleteRowsMax) return;
      throw new DvespError("TOO_LARGE", `the filter matches over ${limits.deleteRowsMax} rows`, {
        field: "filter",
      });
    };
    const rows = present(this.#findRows, "a way to find rows by filter")(filter);
    for (const row of rows) if (!this.rows.has(row.id)) take(row);
    const admits = rowTest(filter);
    for (const { after } of this.rows.changes) if (after && admits(after)) take(after);
    return concatIds(ids);
  }
}

function conflict(ids: Uint8Array, index: number, row: RowRecord | undefined): DvespError {
  const id = formatUuid(ids, index * uuidBytes);
  const actual = row ? `version ${row.version}` : "no row";
  const message = `${id}: expected another version, found ${actual}`;
  return new DvespError("VERSION_CONFLICT", message, { field: `if_versions[${index}]` });
}
