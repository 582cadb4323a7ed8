/** What rows of the workload look like, and how what is read becomes a record for the checkers. */
import type { InsertRequest, StoredVector, WriteAnswer } from "../../src/protocol/index.js";
import type { SeenRow } from "./history.js";

export const collection = "rows";
export const dimension = 4;
export const groups = 3;

export function vectorOf(number: number, id: number): number[] {
  return [number, id, 1, 1];
}

export function metadataOf(number: number): { n: number; group: number } {
  return { n: number, group: number % groups };
}

/** The rows of a write: each carries its number in metadata and vector. */
export function rowsOf(
  number: number,
  ids: readonly string[],
): Pick<InsertRequest, "vectors" | "metadata"> {
  return {
    vectors: ids.map((_, index) => vectorOf(number, index)),
    metadata: ids.map(() => metadataOf(number)),
  };
}

/** A row as it was read; a number of -1 is of no write. */
export function seenRow({ version, metadata, vector }: StoredVector): SeenRow {
  const number = metadata?.["n"];
  return {
    version,
    number: typeof number === "number" ? number : -1,
    vectorNumber: vector?.[0],
  };
}

const versionPattern = /[0-9a-f]{16}[.-][A-Za-z0-9_-]+/;

/** The version of a write, which its token names. */
export function versionOf({ commit_token }: WriteAnswer): string {
  const text = Buffer.from(commit_token, "base64url").toString("utf8");
  const found = versionPattern.exec(text) ?? versionPattern.exec(commit_token);
  if (!found) throw new Error(`a commit token without a version: ${text}`);
  return found[0];
}
