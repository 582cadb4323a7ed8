/**
 * Who writes its distances where: every thread that reads a shard's shared rows has a scratch slot
 * that no other thread uses on the same rows.
 */
import { scratchSlots } from "../index/index.js";

/** Threads that may help a builder, at most. */
export const helpersMax = 14;

export const rowSlots = {
  replica: 0,
  builder: 1,
  /** Helper `n` of the builder has slot `firstHelper + n`. */
  firstHelper: 2,
  /** Searcher `n` has slot `firstSearcher + n`. */
  firstSearcher: 2 + helpersMax,
} as const;

/** Threads that may search one shard, at most. */
export const searchersMax = scratchSlots - rowSlots.firstSearcher;
