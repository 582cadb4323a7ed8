/**
 * Deletes by filter where no replica can judge alone: the rows that match are read at the level, and then
 * deleted as a whole on condition that they are still as they were read. A row that changed meanwhile is
 * looked at again; one that came to match meanwhile was written at the same time, and may stay.
 */
import { DvespError, limits } from "../../base/index.js";
import type { ConsistencyLevel, Filter } from "../../protocol/index.js";
import { idCount } from "../replica/packed-rows.js";
import type { MatchedDelete } from "./judge.js";

export interface MatchQuestion {
  readonly filter: Filter;
  readonly level: ConsistencyLevel;
  readonly timeoutMs: number;
  /** More rows than this need not be looked for. */
  readonly limit: number;
}

/** Rows that match a filter, with their versions; ids of 16 bytes each. */
export type FindMatches = (
  question: MatchQuestion,
) => Promise<{ readonly ids: Uint8Array; readonly versions: readonly string[] }>;

/** Errors: `TOO_LARGE`, and those of the read. */
export async function matchedDelete(
  find: FindMatches,
  question: Omit<MatchQuestion, "limit">,
): Promise<MatchedDelete> {
  const { ids, versions } = await find({ ...question, limit: limits.deleteRowsMax + 1 });
  if (idCount(ids) > limits.deleteRowsMax) {
    throw new DvespError("TOO_LARGE", `the filter matches over ${limits.deleteRowsMax} rows`, {
      field: "filter",
    });
  }
  return { kind: "delete_matched", ids, versions, filter: question.filter };
}
