/**
 * A checked write in the form in which it crosses threads: a few pieces of memory, ids made where the
 * caller gave none. Built by gateways from bodies, and by the embedded store from objects.
 */
import { packBytes, packUuids, randomUuids } from "../../base/index.js";
import type { Random } from "../../base/index.js";
import type {
  ConsistencyLevel,
  NormalDelete,
  NormalInsert,
  NormalUpdate,
} from "../../protocol/index.js";
import type { PackedWrite } from "../replica/messages.js";

/**
 * Messages up to this size are copied to the thread that handles them, so that they can be sent again
 * when it dies; larger ones are moved.
 */
export const copiedBytesMax = 1024 * 1024;

export interface PreparedWrite {
  readonly write: PackedWrite;
  /** Whether the caller gave none. */
  readonly has_made_ids: boolean;
  /** Of the vectors it brings, if any. */
  readonly dimension: number | undefined;
  readonly consistency_level: ConsistencyLevel;
  readonly timeout_ms: number;
  readonly idempotency_key: string | undefined;
}

export type NormalWrite = NormalInsert | NormalUpdate | NormalDelete;

export function prepareWrite(request: NormalWrite, random: Random): PreparedWrite {
  const { consistency_level, timeout_ms, idempotency_key } = request;
  const dimension = request.operation === "delete" ? undefined : request.vectors?.dimension;
  const write = packWrite(request, random);
  const has_made_ids = request.operation === "insert" && !request.ids;
  return { write, has_made_ids, dimension, consistency_level, timeout_ms, idempotency_key };
}

function packWrite(request: NormalWrite, random: Random): PackedWrite {
  switch (request.operation) {
    case "insert": {
      const { count, data } = request.vectors;
      const ids = request.ids ? packUuids(request.ids) : randomUuids(random, count);
      return { kind: "insert", ids, vectors: data, metadata: packBytes(request.metadata) };
    }
    case "update":
      return {
        kind: "update",
        ids: packUuids(request.ids),
        metadata_mode: request.metadata_mode,
        ...(request.vectors && { vectors: request.vectors.data }),
        ...(request.metadata && { metadata: packBytes(request.metadata) }),
        ...(request.if_versions && { if_versions: request.if_versions }),
      };
    case "delete":
      return {
        kind: "delete",
        ...(request.ids && { ids: packUuids(request.ids) }),
        ...(request.filter && { filter: request.filter }),
        ...(request.if_versions && { if_versions: request.if_versions }),
      };
  }
}
