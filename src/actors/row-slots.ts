/**
 * Who writes its distances where: every thread that reads a shard's shared rows has a scratch slot
 * that no other thread uses on the same rows. Builders of several indexes live on one thread and take
 * turns on it, so each has a slot too.
 */
import { metrics, scratchSlots } from "../index/index.js";
import type { Metric } from "../index/index.js";

/** Threads that may help a builder, at most. */
export const helpersMax = 14;

const firstBuilder = 1;
const firstHelper = firstBuilder + metrics.length;

export const rowSlots = {
  replica: 0,
  /**
   * Helper `n` of a builder has slot `firstHelper + n`. Helpers of two builders may have the same one:
   * they only read rows, and what they write is in the memory of their own index.
   */
  firstHelper,
  /** The searcher on the thread of the caller. */
  caller: firstHelper + helpersMax,
  /** Searcher `n` has slot `firstSearcher + n`. */
  firstSearcher: firstHelper + helpersMax + 1,
} as const;

/** The slot of who builds the index by this metric. */
export function builderSlot(metric: Metric): number {
  return firstBuilder + metrics.indexOf(metric);
}

/** Threads that may search one shard, at most. */
export const searchersMax = scratchSlots - rowSlots.firstSearcher;
