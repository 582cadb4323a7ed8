/**
 * The runs of ids that one thread has read. A run never changes, so each is read and checked once,
 * and dropped when no newer snapshot can ask for it.
 */
import { assert } from "../base/index.js";
import { IdRun } from "./id-run.js";
import { numberKey, tags } from "./keys.js";
import { corrupted, type StoreHead } from "./records.js";
import type { TableSnapshot } from "./table.js";

export class IdRuns {
  readonly #runs = new Map<number, IdRun>();

  /** The runs of the snapshot whose head is `head`, the newest first. Errors: `DATA_CORRUPTED`. */
  of(table: TableSnapshot, head: StoreHead): readonly IdRun[] {
    assert(head.firstRun <= head.nextRun, "runs are numbered upwards");
    this.#forgetBefore(head.firstRun);
    const runs: IdRun[] = [];
    for (let number = head.nextRun - 1; number >= head.firstRun; number--) {
      runs.push(this.#run(table, number));
    }
    return runs;
  }

  /** An older snapshot that still asks for one reads it again. */
  #forgetBefore(firstRun: number): void {
    for (const number of this.#runs.keys()) if (number < firstRun) this.#runs.delete(number);
  }

  #run(table: TableSnapshot, number: number): IdRun {
    const known = this.#runs.get(number);
    if (known) return known;
    const key = numberKey(tags.run, number);
    const value = table.get(key);
    if (!value) throw corrupted(`run ${number} of ids is missing`);
    const run = new IdRun(key, value);
    this.#runs.set(number, run);
    return run;
  }
}
