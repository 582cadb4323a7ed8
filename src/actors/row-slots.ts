/**
 * Who writes its distances where: every thread that reads a shard's shared rows has a scratch slot
 * that no other thread uses on the same rows.
 */
export const rowSlots = {
  replica: 0,
  builder: 1,
  /** Searcher `n` has slot `firstSearcher + n`. */
  firstSearcher: 2,
} as const;
