/**
 * Where a short read is answered: on the thread of the caller, by a worker, or not yet. Nothing but
 * this decides it, so that the rules are tested without threads.
 */

/** What is under way when a read is to begin. */
export interface ReadLoad {
  /** Whether the thread of the caller answers a read. */
  readonly isCallerBusy: boolean;
  /** Whether the turn of its event loop has room for one more. */
  readonly hasRoom: boolean;
  /** Reads that all workers together have. */
  readonly underWay: number;
  /** Those of the least busy one. */
  readonly leastBusy: number;
}

export type ReadPlace = "caller" | "worker" | "next_turn";

/**
 * A worker has so many reads before others wait on the thread of the caller for whoever is free first: as
 * many as it answers while that thread does not turn.
 */
const readsPerWorker = 8;

/**
 * The thread of the caller answers a lone read, as nothing is sooner done; and beside others one at a
 * time, once each worker has one.
 */
export function placeOf({ isCallerBusy, hasRoom, underWay, leastBusy }: ReadLoad): ReadPlace {
  const isLone = !isCallerBusy && underWay === 0;
  if (isLone) return hasRoom ? "caller" : "next_turn";
  if (leastBusy === 0) return "worker";
  if (hasRoom && !isCallerBusy) return "caller";
  return leastBusy < readsPerWorker ? "worker" : "next_turn";
}
