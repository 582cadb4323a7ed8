/** What became of a whole write. */
import { keysOf, pickWhere } from "../replica/packed-rows.js";
import type { DependentEnd } from "./dependent-write.js";
import type { ShardEnd } from "./shard-end.js";

export interface WriteEnd {
  readonly status: "success" | "partial";
  /** By which replicas remember it. */
  readonly operation_id: string;
  readonly version: string;
  /** Of the rows written, in the order in which the caller named them. */
  readonly ids: Uint8Array;
  readonly missing: Uint8Array;
  /** Nodes whose replicas acknowledged it. */
  readonly nodes: readonly string[];
  /** Of the shards written to, in their order. */
  readonly roots: readonly string[];
  readonly shards: readonly number[];
}

/** Of a write that looked at nothing: what no replica had is missing from a delete. */
export function blindEnd(
  operation_id: string,
  write: { readonly kind: "insert" | "delete"; readonly ids: Uint8Array },
  ends: readonly ShardEnd[],
): WriteEnd {
  const absent = new Set(
    write.kind === "delete" ? ends.flatMap(({ missing }) => keysOf(missing)) : [],
  );
  const ids = pickWhere(write.ids, (key) => !absent.has(key));
  const missing = pickWhere(write.ids, (key) => absent.has(key));
  return joinEnds(operation_id, ends, { ids, missing });
}

export function dependentEnd(end: DependentEnd): WriteEnd {
  const { operation_id, ends, written: ids, missing, version, asked } = end;
  const joined = joinEnds(operation_id, ends, { ids, missing });
  return ends.length > 0 ? joined : { ...joined, version, nodes: asked };
}

export function joinEnds(
  operation_id: string,
  ends: readonly ShardEnd[],
  { ids, missing }: Pick<WriteEnd, "ids" | "missing">,
): WriteEnd {
  return {
    status: ends.every(({ status }) => status === "success") ? "success" : "partial",
    ...{ operation_id, ids, missing },
    version: ends.reduce((best, { version }) => (version > best ? version : best), ""),
    nodes: [...new Set(ends.flatMap(({ nodes }) => nodes))],
    roots: ends.map(({ root }) => root),
    shards: ends.map(({ shard }) => shard),
  };
}
