/** From what became of a write to what its caller is told. */
import { formatUuid, uuidBytes } from "../../base/index.js";
import { makeCommitToken, versionTime } from "../../consistency/index.js";
import type { ChangeAnswer, WriteAnswer } from "../../protocol/index.js";
import type { WriteOutcome } from "../replica/messages.js";

export interface WriteResult {
  readonly collection: string;
  readonly node: string;
  readonly operation: "insert" | "update" | "delete";
  /** Undefined: nothing of it is or will be stored. */
  readonly outcome: WriteOutcome | undefined;
  readonly operation_id: string;
  /** Shards with rows of it. */
  readonly shards: readonly number[];
  /** The newest root known, for a write that failed. */
  readonly root: string;
  readonly now_ms: number;
}

export function writeAnswer(result: WriteResult): WriteAnswer | ChangeAnswer {
  const answer = baseAnswer(result);
  if (result.operation === "insert") return answer;
  return { ...answer, missing_ids: uuidList(result.outcome?.missing ?? new Uint8Array(0)) };
}

function baseAnswer(result: WriteResult): WriteAnswer {
  const { collection, node, outcome, operation_id, shards, root, now_ms } = result;
  if (!outcome) {
    return {
      status: "failed",
      vector_ids: [],
      storage_nodes: [],
      consistency_hash: root,
      timestamp_ms: now_ms,
      commit_token: "",
    };
  }
  return {
    status: "success",
    vector_ids: uuidList(outcome.ids),
    storage_nodes: [node],
    consistency_hash: outcome.root,
    timestamp_ms: versionTime(outcome.version),
    commit_token: makeCommitToken({ collection, version: outcome.version, operation_id, shards }),
  };
}

function uuidList(ids: Uint8Array): string[] {
  return Array.from({ length: ids.length / uuidBytes }, (_, index) =>
    formatUuid(ids, index * uuidBytes),
  );
}
