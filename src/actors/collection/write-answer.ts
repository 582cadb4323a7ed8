/** From what became of a write to what its caller is told. */
import { unpackUuids } from "../../base/index.js";
import { combineRoots, makeCommitToken, versionTime } from "../../consistency/index.js";
import type { ChangeAnswer, WriteAnswer } from "../../protocol/index.js";
import type { WriteEnd } from "../writes/write-end.js";

export interface WriteResult {
  readonly collection: string;
  readonly operation: "insert" | "update" | "delete";
  /** Undefined: nothing of it is or will be stored. */
  readonly end: WriteEnd | undefined;
  /** The newest root known, for a write that wrote nothing. */
  readonly root: string;
  readonly now_ms: number;
}

export function writeAnswer(result: WriteResult): WriteAnswer | ChangeAnswer {
  const answer = baseAnswer(result);
  if (result.operation === "insert") return answer;
  return { ...answer, missing_ids: unpackUuids(result.end?.missing ?? new Uint8Array(0)) };
}

function baseAnswer({ collection, end, root, now_ms }: WriteResult): WriteAnswer {
  if (!end) {
    return {
      status: "failed",
      vector_ids: [],
      storage_nodes: [],
      consistency_hash: root,
      timestamp_ms: now_ms,
      commit_token: "",
    };
  }
  const { status, version, operation_id, shards, nodes, roots } = end;
  return {
    status,
    vector_ids: unpackUuids(end.ids),
    storage_nodes: [...nodes],
    consistency_hash: rootOf(roots) ?? root,
    timestamp_ms: versionTime(version),
    commit_token: makeCommitToken({ collection, version, operation_id, shards }),
  };
}

/** Over the shards that the write went to; undefined when it went to none. */
export function rootOf(roots: readonly string[]): string | undefined {
  return roots.length > 0 ? combineRoots(roots) : undefined;
}
