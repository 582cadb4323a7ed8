/** What an import reads: rows in batches, from whatever file format. */
import type { Metadata } from "../protocol/index.js";

export interface ImportBatch {
  readonly dimension: number;
  /** Packed rows. */
  readonly data: Float32Array;
  /** One per row, when the source has any. */
  readonly metadata?: readonly Metadata[];
  readonly ids?: readonly string[];
}

export interface ImportSource {
  /** Rows in all, when the format says. */
  readonly total?: number;
  /** Batches of at most `rows` rows. Errors: `INVALID_ARGUMENT` naming file and line or row. */
  batches(rows: number): AsyncIterable<ImportBatch>;
}
