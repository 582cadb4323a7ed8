/** What the stages of the macro benchmark that search have in common. */
import type { VectorStore } from "dvesp";
import type { DataSet } from "./data-set.js";

export interface WithIds {
  /** Of the rows, in their order. */
  readonly ids: readonly string[];
}

export interface SearchStage {
  /** Of the run; the store is in `store` below it. */
  readonly path: string;
  readonly data: DataSet & WithIds;
  readonly collection: string;
  readonly topK: number;
  readonly seconds: number;
  readonly report: (what: string, value: number, unit: string) => void;
  readonly watched: <Result>(what: string, task: () => Promise<Result>) => Promise<Result>;
}

/** What is asked for: the collection's own recall, and a lower one. */
export const recalls = [undefined, 0.95] as const;

export function recallName(recall: number | undefined): string {
  return recall === undefined ? "default recall" : `recall ${recall}`;
}

/** Resolves when the index covers all rows: also a store that was opened again may have to catch up. */
export async function indexed(store: VectorStore, collection: string): Promise<void> {
  for (;;) {
    const { rows, indexed_rows } = await store.describe_collection({ collection });
    if (rows === indexed_rows) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Of the rows that are nearest to queries, the share that was found. */
export class RecallCount {
  readonly #truth: readonly ReadonlySet<string>[];
  #found = 0;
  #wanted = 0;

  constructor({ truth, ids }: Pick<DataSet, "truth"> & WithIds) {
    this.#truth = truth.map((rows) => new Set(rows.map((row) => ids[row]!)));
  }

  count(query: number, found: readonly string[]): void {
    const nearest = this.#truth[query]!;
    this.#found += found.filter((id) => nearest.has(id)).length;
    this.#wanted += nearest.size;
  }

  get value(): number {
    return this.#found / this.#wanted;
  }
}
