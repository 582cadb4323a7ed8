/** What the payload builder makes known: layers in shared memory, and how far they go. */

export interface PublishedLayer {
  /** Never given to another layer of the same replica. */
  readonly id: number;
  readonly block: number;
  /** Of all rows of the block, of some in a row, or of those that changed. */
  readonly kind: "whole" | "small" | "patch";
  readonly buffer: SharedArrayBuffer;
}

/** A state of the payload index that readers may attach; survives a structured clone. */
export interface PayloadPublication {
  /** The layers speak for every row below. */
  readonly covered: number;
  /** The layers know all changes below this position of the change log. */
  readonly position: number;
  /** Oldest first: a layer overrides what earlier ones say of the rows that it covers. */
  readonly layers: readonly PublishedLayer[];
}
