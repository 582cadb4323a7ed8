/** Everything is read through every node, at the lowest level, once all is mended: now all have all. */
import type { Checker } from "./checker.js";
import type { Endpoint } from "./client.js";
import type { ReadRecord } from "./history.js";
import type { Reads } from "./reads.js";

export interface LastReadsOf {
  readonly endpoints: readonly Endpoint[];
  readonly checker: Checker;
  readonly ids: readonly string[];
  /** Whether replicas were compared until they agreed; else they may differ in what was not acknowledged. */
  readonly agreed: boolean;
  /** How often a node is asked that does not answer; default 1. */
  readonly tries?: number;
}

export async function lastReads(reads: Reads, of: LastReadsOf): Promise<void> {
  const { endpoints, checker, ids, agreed, tries = 1 } = of;
  let first: ReadRecord | undefined;
  for (const endpoint of endpoints) {
    let read: ReadRecord | undefined;
    for (let attempt = 0; attempt < tries && !read; attempt++) {
      read = await reads.get(endpoint, { ids, level: "ONE" });
    }
    if (!read) {
      checker.fail("unavailable", `${endpoint.name} does not answer after all was mended`);
      continue;
    }
    checker.final(read);
    first ??= read;
    if (!agreed) continue;
    for (const [id, row] of read.rows) {
      if (row?.version === first.rows.get(id)?.version) continue;
      checker.fail("not_alike", `${first.node} and ${read.node} differ in ${id}`);
    }
  }
}
