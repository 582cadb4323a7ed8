/** Normal requests of the operations that change rows: one row per id, vector and metadata. */
import { checkShape } from "./check-shape.js";
import { EncodedMetadata } from "./encoded-metadata.js";
import { filterOf } from "./filter-member.js";
import { batchLimit, itemsOf, normaliseIds, stringsOf } from "./ids.js";
import { emptyMetadata, encodeMetadata } from "./metadata.js";
import type { NormalDelete, NormalInsert, NormalUpdate } from "./normal-requests.js";
import { refusal } from "./refusal.js";
import { deleteRequest, insertRequest, updateRequest } from "./request-schemas.js";
import { packVectors } from "./vectors.js";

export function normaliseInsert(request: unknown): NormalInsert {
  const shape = checkShape(insertRequest, request);
  const vectors = packVectors(shape.vectors, "vectors");
  return {
    operation: "insert",
    collection: shape.collection,
    ids: given(shape.ids, (ids) => idsOf(ids, vectors.count)),
    vectors,
    metadata:
      shape.metadata === undefined
        ? Array.from({ length: vectors.count }, () => emptyMetadata)
        : metadataOf(shape.metadata, vectors.count),
    ...writeOptions(shape),
  };
}

export function normaliseUpdate(request: unknown): NormalUpdate {
  const shape = checkShape(updateRequest, request);
  if (shape.vectors === undefined && shape.metadata === undefined) {
    throw refusal("vectors", "or metadata must be there");
  }
  const ids = normaliseIds(shape.ids, "ids", batchLimit);
  const vectors = given(shape.vectors, (value) => packVectors(value, "vectors"));
  if (vectors) checkRows("vectors", vectors.count, ids.length);
  return {
    operation: "update",
    collection: shape.collection,
    ids,
    vectors,
    metadata: given(shape.metadata, (value) => metadataOf(value, ids.length)),
    metadata_mode: shape.metadata_mode,
    if_versions: given(shape.if_versions, (value) => versionsOf(value, ids.length)),
    ...writeOptions(shape),
  };
}

export function normaliseDelete(request: unknown): NormalDelete {
  const shape = checkShape(deleteRequest, request);
  if ((shape.ids === undefined) === (shape.filter === undefined)) {
    throw refusal("ids", "or filter must be there, and not both");
  }
  if (shape.filter !== undefined && shape.if_versions !== undefined) {
    throw refusal("if_versions", "goes with ids only");
  }
  const ids = given(shape.ids, (value) => normaliseIds(value, "ids", batchLimit));
  return {
    operation: "delete",
    collection: shape.collection,
    ids,
    filter: filterOf(shape.filter, "filter"),
    if_versions: given(shape.if_versions, (value) => versionsOf(value, ids?.length ?? 0)),
    ...writeOptions(shape),
  };
}

interface WriteOptions {
  readonly consistency_level: NormalInsert["consistency_level"];
  readonly timeout_ms: number;
  readonly idempotency_key?: string | undefined;
}

function writeOptions(shape: WriteOptions): Required<WriteOptions> {
  const { consistency_level, timeout_ms, idempotency_key } = shape;
  return { consistency_level, timeout_ms, idempotency_key };
}

/** `read(value)` of a member that is there. */
function given<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

function idsOf(value: unknown, rows: number): readonly string[] {
  const ids = normaliseIds(value, "ids", batchLimit);
  checkRows("ids", ids.length, rows);
  return ids;
}

function versionsOf(value: unknown, rows: number): readonly string[] {
  const versions = stringsOf(value, "if_versions", batchLimit);
  checkRows("if_versions", versions.length, rows);
  return versions;
}

function metadataOf(value: unknown, rows: number): readonly Uint8Array[] {
  if (value instanceof EncodedMetadata) {
    checkRows("metadata", value.rows.length, rows);
    return value.rows;
  }
  const items = itemsOf(value, "metadata", batchLimit);
  checkRows("metadata", items.length, rows);
  return Array.from(items, (item, index) => encodeMetadata(item, `metadata[${index}]`));
}

function checkRows(field: string, count: number, rows: number): void {
  if (count !== rows) throw refusal(field, `has ${count} items for ${rows} rows`);
}
