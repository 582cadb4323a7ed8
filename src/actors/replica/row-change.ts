/** One row, or its tombstone, before and after a group of changes. */
import { bytesCrc } from "../../storage/index.js";
import type { RowRecord } from "../../storage/index.js";

export interface RowChange {
  readonly id: Uint8Array;
  readonly before: RowRecord | undefined;
  readonly beforeTombstone: string | undefined;
  after: RowRecord | undefined;
  afterTombstone: string | undefined;
}

/** The version of the row or tombstone as planned so far; undefined: the id is unknown. */
export function versionAfter(change: RowChange): string | undefined {
  return change.after?.version ?? change.afterTombstone;
}

export function putRow(
  change: RowChange,
  version: string,
  where: { readonly ordinal: number; readonly vectorCrc: number },
  metadata: Uint8Array,
): void {
  const { ordinal, vectorCrc } = where;
  const metadataCrc = bytesCrc(metadata);
  change.after = { ordinal, id: change.id, version, vectorCrc, metadataCrc, metadata };
  change.afterTombstone = undefined;
}

export function buryRow(change: RowChange, version: string): void {
  change.after = undefined;
  change.afterTombstone = version;
}

/** Leaves nothing of a tombstone. */
export function forgetRow(change: RowChange): void {
  change.after = undefined;
  change.afterTombstone = undefined;
}
