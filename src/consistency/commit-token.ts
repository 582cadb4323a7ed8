/**
 * Commit tokens: a write returns one, and a read that carries it sees that write. To callers it is
 * an opaque string; inside it names the collection and the version of the write.
 */
import { DvespError } from "../base/index.js";
import { isVersion } from "./version.js";
import type { Version } from "./version.js";

export interface CommitPoint {
  readonly collection: string;
  readonly version: Version;
}

const prefix = "c1";

export function makeCommitToken(point: CommitPoint): string {
  const text = `${prefix}:${point.version}:${point.collection}`;
  return Buffer.from(text, "utf8").toString("base64url");
}

/** Errors: `INVALID_ARGUMENT` for a string that no write returned, or another collection's token. */
export function readCommitToken(token: string, collection: string): CommitPoint {
  const text = Buffer.from(token, "base64url").toString("utf8");
  const [head, version = "", ...rest] = text.split(":");
  if (head !== prefix || !isVersion(version)) {
    throw new DvespError("INVALID_ARGUMENT", "not a commit token", { field: "after" });
  }
  if (rest.join(":") !== collection) {
    throw new DvespError("INVALID_ARGUMENT", "a commit token of another collection", {
      field: "after",
    });
  }
  return { collection, version };
}
