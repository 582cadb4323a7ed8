/**
 * What the readers of all indexes have in common: how many candidates of a search over codes are ranked
 * by their float32 rows, and the exact scan that takes the place of a search that found too few.
 */
import type { ExactScanner } from "./exact-scanner.js";
import type { IndexSpec } from "./index-spec.js";
import type { IndexAnswer, IndexQuery, SearchRoute } from "./vector-index.js";

/** Candidates ranked by their float32 rows, per hit wanted: codes confuse near neighbours. */
const rankedShare = 1.4;
const rankedMore = 1;

/** Candidates to rank for `k` hits. */
export function rankedCount(k: number): number {
  return Math.ceil(k * rankedShare) + rankedMore;
}

/** Rows that a reader covers, and how they are compared. */
export interface Covered {
  readonly spec: IndexSpec;
  readonly indexed: number;
}

/** Compares with every admitted row that is covered. Errors: `TIMEOUT` when told to stop. */
export function scanCovered(
  scanner: ExactScanner,
  query: IndexQuery,
  { spec, indexed }: Covered,
  route: SearchRoute,
): IndexAnswer {
  const range = { from: 0, to: indexed, allow: query.allow };
  return { hits: scanner.scan({ ...query, metric: spec.metric }, range), route };
}
