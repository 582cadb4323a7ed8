/** What a replica of a shard takes, by component: from what its actors say of themselves. */
import { indexMemory } from "../../index/index.js";
import type { IndexPublication } from "../../index/index.js";
import type { CollectionBytes } from "../../protocol/index.js";
import type { StoredBytes } from "../replica/messages.js";

export interface MeasuredBytes {
  readonly stored: StoredBytes;
  /** Of each index. */
  readonly publications: readonly IndexPublication[];
  /** Threads that hold a copy of an index, if its engine copies. */
  readonly copies: number;
  readonly indexDisk: number;
}

export function shardBytes({
  stored,
  publications,
  copies,
  indexDisk,
}: MeasuredBytes): CollectionBytes {
  const sizes = publications.map((publication) => indexMemory(publication, copies));
  const codes = sizes.reduce((sum, size) => sum + size.codes, 0);
  const links = sizes.reduce((sum, size) => sum + size.links, 0);
  return {
    vectors_memory: stored.vectors_memory,
    index_codes_memory: Math.round(codes),
    index_links_memory: Math.round(links),
    vectors_disk: stored.vectors_disk,
    rows_disk: stored.rows_disk,
    index_disk: indexDisk,
  };
}
