/**
 * Answers of one replica for a coordinator that merges those of several: metadata and vectors as they
 * are stored, in a few pieces of memory, so that they cross threads and nodes without being decoded.
 */
import { assert, packBytes, packedItem } from "../../base/index.js";
import type { JsonObject, PackedBytes } from "../../base/index.js";
import { moved } from "../../mailbox/index.js";
import type {
  RawGetAnswer,
  RawRow,
  RawScrollAnswer,
  RawSearchAnswer,
} from "../../protocol/index.js";
import type { RawCountAnswer } from "./messages.js";

/** Rows in the order of the answer; what was not asked for is absent. */
export interface PackedRows {
  readonly ids: readonly string[];
  readonly versions: readonly string[];
  readonly distances?: readonly number[];
  /** One after the other. */
  readonly vectors?: Float32Array;
  readonly metadata?: PackedBytes;
}

export interface ReplicaHits {
  readonly operation: "search";
  readonly rows: PackedRows;
  readonly exact: boolean;
  readonly plan?: JsonObject;
}

export interface ReplicaRows {
  readonly operation: "get";
  readonly rows: PackedRows;
  readonly missing_ids: readonly string[];
  /** Of each missing id the version of its tombstone, or "". */
  readonly deleted: readonly string[];
}

export interface ReplicaPage {
  readonly operation: "scroll";
  readonly rows: PackedRows;
  /** Whether there are rows after these. */
  readonly more: boolean;
}

export interface ReplicaCount extends RawCountAnswer {
  /** Merkle root of what was counted in; "" where there is one replica. */
  readonly root: string;
}

export type ReplicaAnswer = ReplicaHits | ReplicaRows | ReplicaPage | ReplicaCount;

/** `deleted`: of each missing id the version of its tombstone, or "". */
export type FoundRows = RawGetAnswer & { readonly deleted: readonly string[] };

type WholeAnswer = RawSearchAnswer | FoundRows | RawScrollAnswer | ReplicaCount;

export function packAnswer(answer: WholeAnswer): ReplicaAnswer {
  switch (answer.operation) {
    case "search": {
      const { exact, plan } = answer.metrics;
      const rows = packRows(answer.rows);
      return { operation: "search", rows, exact, ...(plan && { plan }) };
    }
    case "get":
      return { ...answer, rows: packRows(answer.rows) };
    case "scroll": {
      const more = answer.next_cursor !== undefined;
      return { operation: "scroll", rows: packRows(answer.rows), more };
    }
    case "count":
      return answer;
  }
}

export function packRows(rows: readonly RawRow[]): PackedRows {
  const [first] = rows;
  return {
    ids: rows.map(({ id }) => id),
    versions: rows.map(({ version }) => version),
    ...(first?.distance !== undefined && { distances: rows.map((row) => row.distance ?? 0) }),
    ...(first?.vector && { vectors: moved(joinedVectors(rows, first.vector.length)) }),
    ...(first?.metadata && { metadata: packBytes(rows.flatMap(({ metadata }) => metadata ?? [])) }),
  };
}

/** The rows again, as views of the packed memory. */
export function unpackRows({ ids, versions, distances, vectors, metadata }: PackedRows): RawRow[] {
  const dimension = vectors ? vectors.length / ids.length : 0;
  return ids.map((id, index) => {
    const version = versions[index];
    assert(version !== undefined, "a version for every id");
    const distance = distances?.[index];
    const at = index * dimension;
    return {
      id,
      version,
      ...(distance !== undefined && { distance }),
      ...(vectors && { vector: vectors.subarray(at, at + dimension) }),
      ...(metadata && { metadata: packedItem(metadata, index) }),
    };
  });
}

function joinedVectors(rows: readonly RawRow[], dimension: number): Float32Array {
  const joined = new Float32Array(rows.length * dimension);
  rows.forEach(({ vector }, index) => vector && joined.set(vector, index * dimension));
  return joined;
}
