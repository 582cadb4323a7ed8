/** What a collection takes, by component, and per row: from what its actors say of themselves. */
import { indexMemory } from "../../index/index.js";
import type { IndexPublication } from "../../index/index.js";
import type { CollectionBytes, CollectionDescription } from "../../protocol/index.js";
import type { StoredBytes } from "../replica/messages.js";

export interface MeasuredBytes {
  readonly stored: StoredBytes;
  /** Of each index. */
  readonly publications: readonly IndexPublication[];
  /** Threads that hold a copy of an index, if its engine copies. */
  readonly copies: number;
  readonly indexDisk: number;
}

export function collectionBytes(
  rows: number,
  { stored, publications, copies, indexDisk }: MeasuredBytes,
): Pick<CollectionDescription, "bytes" | "bytes_per_row"> {
  const sizes = publications.map((publication) => indexMemory(publication, copies));
  const codes = sizes.reduce((sum, size) => sum + size.codes, 0);
  const links = sizes.reduce((sum, size) => sum + size.links, 0);
  const bytes: CollectionBytes = {
    vectors_memory: stored.vectors_memory,
    index_codes_memory: Math.round(codes),
    index_links_memory: Math.round(links),
    vectors_disk: stored.vectors_disk,
    rows_disk: stored.rows_disk,
    index_disk: indexDisk,
  };
  return { bytes, bytes_per_row: perRow(bytes, rows) };
}

function perRow(bytes: CollectionBytes, rows: number): CollectionBytes {
  const share = (value: number): number => (rows === 0 ? 0 : Math.round((10 * value) / rows) / 10);
  return {
    vectors_memory: share(bytes.vectors_memory),
    index_codes_memory: share(bytes.index_codes_memory),
    index_links_memory: share(bytes.index_links_memory),
    vectors_disk: share(bytes.vectors_disk),
    rows_disk: share(bytes.rows_disk),
    index_disk: share(bytes.index_disk),
  };
}
