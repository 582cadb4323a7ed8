/**
 * Looks through this node's replica of a shard, a few rows in each round, for rows that are damaged where
 * they lie, and has other replicas put them right. Replicas that compare alike may differ in that: their
 * Merkle trees are made of the checksums that were stored.
 */
import { idCount } from "../replica/packed-rows.js";
import type { ReplicaQuestions } from "./replica-questions.js";
import { selectRows } from "./versioned-rows.js";

/** Ids of damaged rows that are asked for in one message. */
const idsPerStep = 64;

export class Scrub {
  /** The ordinal to go on from. */
  #from = 0;

  /** Looks at the next `limit` rows; how many of them were damaged. Errors: those of this node's replica. */
  async step(
    own: ReplicaQuestions,
    others: readonly ReplicaQuestions[],
    limit: number,
  ): Promise<number> {
    const { ids, next = 0 } = await own.damaged(this.#from, limit);
    this.#from = next;
    for (let first = 0; first < ids.length; first += 16 * idsPerStep) {
      await restore(own, others, ids.slice(first, first + 16 * idsPerStep));
    }
    return idCount(ids);
  }
}

async function restore(
  own: ReplicaQuestions,
  others: readonly ReplicaQuestions[],
  ids: Uint8Array,
): Promise<void> {
  for (const other of others) {
    // One that does not answer, or has the same row damaged, leaves it to the next.
    const read = await other.rows(ids).catch(() => undefined);
    const rows = read && selectRows(read, (index) => read.versions[index] !== "");
    if (rows) await own.apply(rows);
  }
}
