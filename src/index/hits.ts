/**
 * What a search finds, nearest first; rows at the same distance in order of their ordinals. Two
 * arrays instead of objects: a thousand hits cross a thread as two copies of memory.
 */

export interface Hits {
  readonly ordinals: Uint32Array;
  /** Parallel to `ordinals`, never falling. */
  readonly distances: Float32Array;
}
