/**
 * Rows and tombstones as replicas send them to each other: read from a snapshot, packed, and checked
 * when they come in.
 */
import {
  DvespError,
  assert,
  formatUuid,
  invalid,
  limits,
  packBytes,
  uuidBytes,
} from "../../base/index.js";
import { isVersion } from "../../consistency/index.js";
import type { SharedRows } from "../../index/index.js";
import { compareVectorCrc } from "../../storage/index.js";
import type { RowRecord, RowSnapshot } from "../../storage/index.js";
import { concatIds, idAt, idCount, joinVectors } from "./packed-rows.js";
import type { VersionedRows } from "./replication-messages.js";

/** What is known of one id: a row, a tombstone with its version, or nothing. */
export interface VersionedEntry {
  readonly id: Uint8Array;
  readonly row: RowRecord | undefined;
  readonly tombstone: string | undefined;
}

/** The vector of a row. Errors: `DATA_CORRUPTED`. */
export type VectorOf = (row: RowRecord) => Float32Array;

/**
 * What a snapshot has of packed ids, in order; with contents if there is a way to vectors.
 * Errors: `DATA_CORRUPTED`.
 */
export function readVersionedRows(
  snapshot: Pick<RowSnapshot, "ordinalOf" | "row" | "tombstone">,
  ids: Uint8Array,
  vectorOf: VectorOf | undefined,
): VersionedRows {
  const entries = Array.from({ length: idCount(ids) }, (_, index) => {
    const id = idAt(ids, index);
    const ordinal = snapshot.ordinalOf(id);
    const row = ordinal === undefined ? undefined : snapshot.row(ordinal);
    return { id, row, tombstone: row ? undefined : snapshot.tombstone(id) };
  });
  return packVersionedRows(entries, vectorOf);
}

export function packVersionedRows(
  entries: readonly VersionedEntry[],
  vectorOf: VectorOf | undefined,
): VersionedRows {
  const versions = entries.map(({ row, tombstone }) => row?.version ?? tombstone ?? "");
  const live = Uint8Array.from(entries, ({ row }) => (row ? 1 : 0));
  const known = { ids: concatIds(entries.map(({ id }) => id)), versions, live };
  if (!vectorOf) return known;
  const rows = entries.flatMap(({ row }) => row ?? []);
  return {
    ...known,
    vectors: joinVectors(rows.map(vectorOf)),
    metadata: packBytes(rows.map(({ metadata }) => metadata)),
  };
}

/** Vectors from shared memory, as they were stored. */
export function soundVectors(rows: SharedRows): VectorOf {
  return ({ ordinal, id, vectorCrc }) => {
    assert(ordinal < rows.committed, "a row of a commit is in memory");
    const vector = rows.copyVector(ordinal);
    if (compareVectorCrc(vector, vectorCrc)) return vector;
    const name = formatUuid(id, 0);
    throw new DvespError("DATA_CORRUPTED", `${name}: its vector does not match its checksum`);
  };
}

/** Rows with contents, in shape. Errors: `INVALID_ARGUMENT`. */
export function checkedRows(rows: VersionedRows, dimension: number): Required<VersionedRows> {
  const { ids, versions, live, vectors, metadata } = rows;
  if (!vectors || !metadata) throw invalid("rows come without contents", "rows");
  if (ids.length !== versions.length * uuidBytes || live.length !== versions.length) {
    throw invalid("ids, versions and live are not of one length", "rows");
  }
  const rowCount = live.reduce((sum, one) => sum + one, 0);
  if (!live.every((one) => one <= 1)) throw invalid("live is 0 or 1", "rows.live");
  if (
    !versions.every((version, index) => isVersion(version) || (version === "" && live[index] === 0))
  ) {
    throw invalid("not versions of this store", "rows.versions");
  }
  checkContents({ vectors, metadata }, rowCount, dimension);
  return { ids, versions, live, vectors, metadata };
}

/** Errors: `INVALID_ARGUMENT`. */
export function checkContents(
  { vectors, metadata }: Required<Pick<VersionedRows, "vectors" | "metadata">>,
  rowCount: number,
  dimension: number,
): void {
  if (vectors.length !== rowCount * dimension) {
    throw invalid(`${rowCount} vectors of dimension ${dimension} expected`, "vectors");
  }
  const { data, ends } = metadata;
  if (ends.length !== rowCount || (ends.at(-1) ?? 0) !== data.length) {
    throw invalid(`metadata of ${rowCount} rows expected`, "metadata");
  }
  let start = 0;
  for (const end of ends) {
    const isSound = end >= start && end - start <= limits.metadataBytesMax;
    if (!isSound) throw invalid("metadata is out of shape", "metadata");
    start = end;
  }
}
