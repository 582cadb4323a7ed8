/**
 * Which rows a filter admits, as a bitmap over ordinals. Evaluated row by row over the metadata of
 * one snapshot, and remembered for the next search with the same filter and the same rows.
 */
import { AllowList } from "../../index/index.js";
import { compileFilter, parseFilter } from "../../filters/index.js";
import { decodeMetadata } from "../../protocol/index.js";
import type { Filter } from "../../protocol/index.js";
import type { RowRecord, RowSnapshot } from "../../storage/index.js";
import type { Deadline } from "./deadline.js";

const rememberedMax = 32;
const rowsPerCheck = 1024;

type RowTest = (row: RowRecord) => boolean;

/** A filter as a test of a row. Errors: `INVALID_ARGUMENT`. */
export function rowTest(filter: Filter): RowTest {
  const matches = compileFilter(parseFilter(filter));
  return (row) => matches(decodeMetadata(row.metadata));
}

export class AdmittedRows {
  /** By filter; the least recently used first. */
  readonly #remembered = new Map<string, { readonly version: string; readonly rows: AllowList }>();

  /** Errors: `INVALID_ARGUMENT` for the filter, `TIMEOUT`. */
  of(filter: Filter, snapshot: RowSnapshot, deadline: Deadline): AllowList {
    const admits = rowTest(filter);
    const key = JSON.stringify(filter);
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    // Rows that were moved to new ordinals leave the version as it is.
    const version = `${snapshot.nextOrdinal} ${snapshot.appliedVersion}`;
    const rows = known?.version === version ? known.rows : evaluate(admits, snapshot, deadline);
    this.#remembered.set(key, { version, rows });
    if (this.#remembered.size > rememberedMax) this.#forgetOldest();
    return rows;
  }

  #forgetOldest(): void {
    for (const key of this.#remembered.keys()) {
      this.#remembered.delete(key);
      return;
    }
  }
}

function evaluate(admits: RowTest, snapshot: RowSnapshot, deadline: Deadline): AllowList {
  const admitted = AllowList.empty(snapshot.nextOrdinal);
  let seen = 0;
  for (const row of snapshot.scan(0)) {
    if (admits(row)) admitted.set(row.ordinal);
    if (++seen % rowsPerCheck === 0) deadline.check();
  }
  return admitted;
}
