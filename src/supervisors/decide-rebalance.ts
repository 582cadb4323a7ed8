/**
 * The next step for an index of lists, if any. Making all lists anew costs most and gives the best
 * lists: it is done when there are many times the rows of the last time, which on average is a
 * constant effort per row, or when rows lie elsewhere than they did. In between, lists are split and
 * dissolved one by one.
 */
import type { ListFacts, RebalanceStep } from "../index/index.js";

/** Fewer rows stay in one list: comparing with all of them takes microseconds. */
const rowsMin = 1000;
/** Lists are made anew when the rows have grown by this factor. */
const trainingGrowth = 4;
/** And when added rows are so much farther from their centroids, and have grown by so much. */
const driftMax = 1.5;
const driftGrowth = 1.5;
/** Lists split or dissolved by one step: bounds how long a step takes. */
const listsPerStep = 16;

export function decideRebalance(facts: ListFacts): RebalanceStep | undefined {
  const { rows, trained_rows, drift, oversized, undersized, lists } = facts;
  if (rows < rowsMin) return undefined;
  const isGrown = rows >= trained_rows * trainingGrowth;
  const isMoved = drift >= driftMax && rows >= trained_rows * driftGrowth;
  if (isGrown || isMoved) return { kind: "train" };
  if (oversized > 0) return { kind: "split", lists: Math.min(oversized, listsPerStep) };
  if (undersized > 0 && lists > 1) {
    return { kind: "merge", lists: Math.min(undersized, listsPerStep) };
  }
  return undefined;
}
