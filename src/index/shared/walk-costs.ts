/**
 * What the ways of answering a filtered search cost, in candidates of a walk among all rows. They were
 * measured (docs/INDEXES.md, "Filters and deletions"); only their order matters.
 */
import { rowsPerCandidate } from "../calibration.js";
import { efMax } from "./graph-layout.js";

/** A filtered walk keeps so many times the candidates, as it reaches a little less with each. */
const filteredMore = 1.5;
/** What it costs: its seeds, and one candidate of its own. */
const seedCost = 20;
const filteredCost = 5;
/** Codes of more bytes are read from memory, not from the cache, which takes twice as long. */
const cachedBytes = 4_000_000;

/** Whether so many candidates are found sooner by a walk than by comparing with `admitted` rows. */
export function isWalkCheaper(candidates: number, admitted: number): boolean {
  return candidates <= efMax && candidates * rowsPerCandidate < admitted;
}

/** Of comparing with the codes of all admitted rows. */
export function listCost(admitted: number, codeBytes: number): number {
  return ((admitted * codeBytes <= cachedBytes ? 1 : 2) * admitted) / rowsPerCandidate;
}

/** Candidates that a filtered walk keeps for the recall that `ef` has among all rows. */
export function filteredEf(ef: number): number {
  return Math.ceil(ef * filteredMore);
}

/** Of a filtered walk that keeps so many candidates; Infinity where it cannot. */
export function filteredWalkCost(candidates: number): number {
  return candidates > efMax ? Infinity : seedCost + candidates * filteredCost;
}
