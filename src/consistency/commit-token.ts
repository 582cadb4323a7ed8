/**
 * Commit tokens: a write returns one, and a read that carries it sees that write. To callers it is
 * an opaque string; inside it says which write of which collection, and which shards it concerned.
 */
import { DvespError } from "../base/index.js";
import { isVersion } from "./version.js";
import type { Version } from "./version.js";

export interface CommitPoint {
  readonly collection: string;
  readonly version: Version;
  readonly operation_id: string;
  /** Ids of the shards with rows of the write. */
  readonly shards: readonly number[];
}

const prefix = "c2";
/** An operation id names a record on disk, whose key is bounded. */
const operationBytesMax = 768;

export function makeCommitToken(point: CommitPoint): string {
  const { collection, version, operation_id, shards } = point;
  const text = JSON.stringify([prefix, version, operation_id, shards, collection]);
  return Buffer.from(text, "utf8").toString("base64url");
}

/** Errors: `INVALID_ARGUMENT` for a string that no write returned, or another collection's token. */
export function readCommitToken(token: string, collection: string): CommitPoint {
  const point = parse(token);
  if (!point) throw refusal("not a commit token");
  if (point.collection !== collection) throw refusal("a commit token of another collection");
  return point;
}

function parse(token: string): CommitPoint | undefined {
  const members = jsonOf(Buffer.from(token, "base64url").toString("utf8"));
  if (!Array.isArray(members) || members.length !== 5 || members[0] !== prefix) return undefined;
  const [, version, operation_id, shards, collection] = members as unknown[];
  if (typeof version !== "string" || !isVersion(version)) return undefined;
  if (!isOperationId(operation_id) || !isShards(shards)) return undefined;
  return typeof collection === "string" ? { version, operation_id, shards, collection } : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isOperationId(value: unknown): value is string {
  if (typeof value !== "string" || value === "") return false;
  return Buffer.byteLength(value) <= operationBytesMax;
}

function isShards(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isInteger(one) && one >= 0);
}

function refusal(message: string): DvespError {
  return new DvespError("INVALID_ARGUMENT", message, { field: "after" });
}
