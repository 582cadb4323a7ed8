/**
 * One collection as a map, with every operation on its rows written the obvious way: checks first,
 * then all changes at once. What a real store answers can be held against it.
 */
import { createHash } from "node:crypto";
import { DvespError, invalid, isUuid, limits, randomUuid } from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import { decodeMetadata, mergeMetadata } from "../../src/protocol/index.js";
import type {
  ChangeAnswer,
  CollectionDescription,
  CollectionSettings,
  Metadata,
  NormalDelete,
  NormalGet,
  NormalInsert,
  NormalScroll,
  NormalSearch,
  NormalUpdate,
  PackedVectors,
  RawRow,
  WriteAnswer,
} from "../../src/protocol/index.js";
import { plainDistance } from "./plain-distance.js";

export interface PlainRow {
  readonly vector: Float32Array;
  readonly metadata: Uint8Array;
  readonly version: string;
}

/** Makes the test of a filter; throws `INVALID_ARGUMENT` for one that is not valid. */
export type PredicateFactory = (filter: unknown) => (metadata: Metadata) => boolean;

export interface PlainCollectionParts {
  readonly settings: CollectionSettings;
  readonly random: Random;
  readonly predicateOf: PredicateFactory;
  /** A new version, larger than all before it. */
  readonly nextVersion: () => string;
  readonly now: () => number;
}

export const plainNode = "plain";

export class PlainCollection {
  readonly settings: CollectionSettings;
  readonly #parts: PlainCollectionParts;
  readonly #rows = new Map<string, PlainRow>();

  constructor(parts: PlainCollectionParts) {
    this.#parts = parts;
    this.settings = parts.settings;
  }

  describe(): CollectionDescription {
    const rows = this.#rows.size;
    let metadata = 0;
    for (const row of this.#rows.values()) metadata += row.metadata.length;
    const none = { index_codes_memory: 0, index_links_memory: 0, vectors_disk: 0, index_disk: 0 };
    const vectors_memory = rows * this.settings.dimension * 4;
    const bytes = { ...none, vectors_memory, rows_disk: metadata };
    const share = (value: number): number => (rows === 0 ? 0 : value / rows);
    const bytes_per_row = {
      ...none,
      vectors_memory: share(vectors_memory),
      rows_disk: share(metadata),
    };
    return { ...this.settings, rows, indexed_rows: rows, bytes, bytes_per_row };
  }

  insert({ vectors, metadata, ids: given }: NormalInsert): WriteAnswer {
    this.#checkDimension(vectors.dimension, "vectors");
    const ids = given ?? metadata.map(() => randomUuid(this.#parts.random));
    const version = this.#parts.nextVersion();
    for (const [row, id] of ids.entries()) {
      this.#rows.set(id, { vector: rowOf(vectors, row), metadata: metadata[row]!, version });
    }
    return this.#written(ids, version);
  }

  update(request: NormalUpdate): ChangeAnswer {
    const { ids, vectors, metadata, metadata_mode, if_versions } = request;
    if (vectors) this.#checkDimension(vectors.dimension, "vectors");
    this.#checkVersions(ids, if_versions);
    const version = this.#parts.nextVersion();
    const changed = ids.flatMap((id, row): [string, PlainRow][] => {
      const old = this.#rows.get(id);
      if (!old) return [];
      const vector = vectors ? rowOf(vectors, row) : old.vector;
      const given = metadata?.[row];
      const merged =
        given && metadata_mode === "merge" ? mergeMetadata(old.metadata, given) : given;
      checkMetadataSize(merged, row);
      return [[id, { vector, metadata: merged ?? old.metadata, version }]];
    });
    for (const [id, row] of changed) this.#rows.set(id, row);
    const missing_ids = ids.filter((id) => !this.#rows.has(id));
    const written = this.#written(
      changed.map(([id]) => id),
      version,
    );
    return { ...written, missing_ids };
  }

  delete({ ids: given, filter, if_versions }: NormalDelete): ChangeAnswer {
    const ids = given ?? this.matching(filter).map(([id]) => id);
    this.#checkVersions(ids, if_versions);
    const gone = ids.filter((id) => this.#rows.has(id));
    const missing_ids = ids.filter((id) => !this.#rows.has(id));
    for (const id of gone) this.#rows.delete(id);
    return { ...this.#written(gone, this.#parts.nextVersion()), missing_ids };
  }

  /** The nearest, best first; rows equally far in the order of their ids. */
  search(request: NormalSearch): RawRow[] {
    const { query_vector, top_k, offset, max_distance, filter } = request;
    this.#checkDimension(query_vector.length, "query_vector");
    const metric = request.distance_metric ?? this.settings.distance_metric;
    const found = this.matching(filter).map(([id, row]) => ({
      ...pick(id, row, request),
      distance: plainDistance(metric, query_vector, row.vector),
    }));
    return found
      .filter((row) => max_distance === undefined || row.distance <= max_distance)
      .sort((left, right) => left.distance - right.distance || byText(left.id, right.id))
      .slice(offset, offset + top_k);
  }

  get(request: NormalGet): { rows: RawRow[]; missing_ids: string[] } {
    const rows = request.ids.flatMap((id) => {
      const row = this.#rows.get(id);
      return row ? [pick(id, row, request)] : [];
    });
    return { rows, missing_ids: request.ids.filter((id) => !this.#rows.has(id)) };
  }

  /** In the order of ids; the cursor is the last id that was given out. */
  scroll(request: NormalScroll): { rows: RawRow[]; next_cursor?: string } {
    const { cursor, limit, filter } = request;
    const last = cursor === undefined ? "" : decodeCursor(cursor);
    const all = this.matching(filter).filter(([id]) => id > last);
    all.sort(([left], [right]) => byText(left, right));
    const rows = all.slice(0, limit).map(([id, row]) => pick(id, row, request));
    return all.length > limit ? { rows, next_cursor: encodeCursor(rows.at(-1)!.id) } : { rows };
  }

  matching(filter: unknown): [string, PlainRow][] {
    if (filter === undefined) return [...this.#rows];
    const matches = this.#parts.predicateOf(filter);
    return [...this.#rows].filter(([, row]) => matches(decodeMetadata(row.metadata)));
  }

  #written(vector_ids: string[] | readonly string[], version: string): WriteAnswer {
    return {
      status: "success",
      vector_ids: [...vector_ids],
      storage_nodes: [plainNode],
      consistency_hash: this.#hash(),
      timestamp_ms: this.#parts.now(),
      commit_token: version,
    };
  }

  #hash(): string {
    const hash = createHash("sha256");
    const sorted = [...this.#rows].sort(([left], [right]) => byText(left, right));
    for (const [id, row] of sorted) {
      hash.update(id).update(row.version).update(row.vector).update(row.metadata);
    }
    return hash.digest("hex");
  }

  #checkDimension(dimension: number, field: string): void {
    const expected = this.settings.dimension;
    if (dimension === expected) return;
    throw invalid(`dimension ${dimension} where the collection has ${expected}`, field);
  }

  /** A row that is not there has no version, so none matches. */
  #checkVersions(ids: readonly string[], versions: readonly string[] | undefined): void {
    for (const [index, version] of (versions ?? []).entries()) {
      const stored = this.#rows.get(ids[index]!)?.version;
      if (stored === version) continue;
      const message = `row ${ids[index]!} has version ${String(stored)}, not ${version}`;
      throw new DvespError("VERSION_CONFLICT", message, { field: `if_versions[${index}]` });
    }
  }
}

function rowOf({ data, dimension }: PackedVectors, row: number): Float32Array {
  return data.slice(row * dimension, (row + 1) * dimension);
}

interface Included {
  readonly include_vectors: boolean;
  readonly include_metadata: boolean;
}

function pick(id: string, row: PlainRow, included: Included): RawRow {
  return {
    id,
    version: row.version,
    ...(included.include_vectors && { vector: row.vector }),
    ...(included.include_metadata && { metadata: row.metadata }),
  };
}

function checkMetadataSize(metadata: Uint8Array | undefined, row: number): void {
  if (metadata === undefined || metadata.length <= limits.metadataBytesMax) return;
  const field = `metadata[${row}]`;
  throw new DvespError("TOO_LARGE", "the merged metadata is over the limit", { field });
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function encodeCursor(id: string): string {
  return Buffer.from(id).toString("base64url");
}

function decodeCursor(cursor: string): string {
  const id = Buffer.from(cursor, "base64url").toString();
  if (!isUuid(id)) throw invalid("this is not a cursor that scroll gave out", "cursor");
  return id;
}
