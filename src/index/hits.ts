/**
 * What a search finds, nearest first; rows at the same distance in order of their ordinals. Two
 * arrays instead of objects: a thousand hits cross a thread as two copies of memory.
 */

export interface Hits {
  readonly ordinals: Uint32Array;
  /** Parallel to `ordinals`, never falling. */
  readonly distances: Float32Array;
}

/** The hits that are no farther than `maxDistance`. */
export function within(hits: Hits, maxDistance = Infinity): Hits {
  if (maxDistance === Infinity) return hits;
  const count = hits.distances.findLastIndex((distance) => distance <= maxDistance) + 1;
  return {
    ordinals: hits.ordinals.subarray(0, count),
    distances: hits.distances.subarray(0, count),
  };
}
