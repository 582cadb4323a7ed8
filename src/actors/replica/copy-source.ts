/** A replica read whole, page by page, by who makes copies of it. */
import { readSnapshot } from "../../storage/index.js";
import type { IdPromise, Operation, RowSnapshot, RowStore } from "../../storage/index.js";
import type { ChangeBook } from "./change-book.js";
import type {
  CopiedChanges,
  CopiedMemory,
  CopiedOperations,
  CopiedRows,
  CopiedTombstones,
  CopyMessage,
} from "./copy-messages.js";
import { concatIds } from "./packed-rows.js";
import type { ReplicaMemory } from "./replica-memory.js";
import { packVersionedRows, readVersionedRows } from "./versioned-rows.js";
import type { VectorOf, VersionedEntry } from "./versioned-rows.js";

/** Newest promises that are copied one by one; the rest becomes part of the copy's floor. */
const promisesMax = 10_000;

type MessageOf<Type> = Extract<CopyMessage, { type: Type }>;

export interface CopySourceParts {
  readonly store: RowStore;
  readonly memory: ReplicaMemory;
  readonly book: ChangeBook;
  readonly vectorOf: VectorOf;
  readonly now: () => number;
}

export class CopySource {
  readonly #parts: CopySourceParts;

  constructor(parts: CopySourceParts) {
    this.#parts = parts;
  }

  /** Rows that are moved meanwhile come to stand behind all others: none is missed. */
  rows({ from, limit }: MessageOf<"copy_rows">): CopiedRows {
    return readSnapshot(this.#parts.store, (snapshot) => {
      const { taken, next } = page(snapshot.scan(from), limit);
      const entries = taken.map((row): VersionedEntry => {
        return { id: row.id, row, tombstone: undefined };
      });
      const rows = packVersionedRows(entries, this.#parts.vectorOf);
      return { rows, ...(next && { next: next.ordinal }) };
    });
  }

  tombstones({ after, limit }: MessageOf<"copy_tombstones">): CopiedTombstones {
    return readSnapshot(this.#parts.store, (snapshot) => {
      const { taken, next } = page(snapshot.tombstones(after), limit);
      const entries = taken.map(({ id, version }): VersionedEntry => {
        return { id, row: undefined, tombstone: version };
      });
      const rows = packVersionedRows(entries, this.#parts.vectorOf);
      const last = taken.at(-1);
      return { rows, ...(next && last && { next: last.id }) };
    });
  }

  operations({ after, limit }: MessageOf<"copy_operations">): CopiedOperations {
    return readSnapshot(this.#parts.store, (snapshot) => {
      const all = snapshot.operations("", after, this.#parts.now());
      const { taken, next } = page(all, limit);
      const last = taken.at(-1);
      return { operations: taken, ...(next && last && { next: last.key }) };
    });
  }

  changes({ copy, limit }: MessageOf<"copy_changes">): CopiedChanges {
    const { book, vectorOf } = this.#parts;
    const changed = book.take(copy, limit);
    if (!changed) return { lost: true };
    return readSnapshot(this.#parts.store, (snapshot) => ({
      lost: false,
      rows: readVersionedRows(snapshot, concatIds(changed.ids), vectorOf),
      operations: changed.operations.flatMap((key) => this.#operation(snapshot, key)),
      left: book.left,
    }));
  }

  memory(): CopiedMemory {
    const { memory, store } = this.#parts;
    const byBallot = [...memory.promises.values()].sort((a, b) => (a.ballot > b.ballot ? -1 : 1));
    const { standing } = memory;
    const folded = byBallot[promisesMax]?.ballot ?? "";
    const floor = folded > standing.floor ? folded : standing.floor;
    const promises: readonly IdPromise[] = byBallot.slice(0, promisesMax);
    return { promises, standing: { ...standing, floor }, applied_version: store.appliedVersion };
  }

  #operation(snapshot: RowSnapshot, key: string): Operation[] {
    const found = page(snapshot.operations(key, "", this.#parts.now()), 1).taken;
    return found.filter((one) => one.key === key);
  }
}

/** The first `limit`, and the one after them, if any. */
function page<One>(all: Iterable<One>, limit: number): { taken: One[]; next: One | undefined } {
  const taken: One[] = [];
  for (const one of all) {
    if (taken.length >= limit) return { taken, next: one };
    taken.push(one);
  }
  return { taken, next: undefined };
}
