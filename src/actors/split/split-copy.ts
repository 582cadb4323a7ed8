/**
 * Copies a replica of this node into two, by the hashes of ids: first all of it, while it goes on to be
 * written, then what changed since, then what is in no row. Afterwards, if nothing changed meanwhile, each
 * half is for its ids what the whole one was: it would answer everything alike.
 *
 * Outcomes of operations and registers are of no id, so both halves get all of them.
 */
import { present } from "../../base/index.js";
import { hashOfId } from "../../cluster/index.js";
import type {
  CopiedChanges,
  CopiedMemory,
  CopiedOperations,
  CopiedRows,
  CopiedTombstones,
} from "../replica/copy-messages.js";
import { idAt } from "../replica/packed-rows.js";
import type { VersionedRows } from "../replica/replication-messages.js";
import { bytesOfRows, selectRows } from "../repair/versioned-rows.js";
import type { Throttle } from "../repair/throttle.js";
import { HalvesCheck } from "./halves-check.js";
import type { CheckParts } from "./halves-check.js";

export interface SplitCopyParts extends CheckParts {
  /** Names the copy: the replica notes changes for it. */
  readonly copy: string;
  readonly at: number;
  readonly throttle: Throttle;
  /** Rows, operations or changes of one step. */
  readonly perStep: number;
}

export class SplitCopy {
  readonly #parts: SplitCopyParts;
  readonly #check: HalvesCheck;
  #rows = 0;

  constructor(parts: SplitCopyParts) {
    this.#parts = parts;
    this.#check = new HalvesCheck(parts);
  }

  /** Rows and tombstones that the halves were given, each as often as it was. */
  get rowsCopied(): number {
    return this.#rows;
  }

  /** All that is there, and nothing else; what changes from now on is noted. */
  async everything(): Promise<void> {
    const { source, copy } = this.#parts;
    await source({ type: "copy_begin", copy });
    const wereEmpty = await this.#check.areEmpty();
    await this.#allRows();
    await this.#allTombstones();
    await this.#allOperations();
    if (!wereEmpty) await this.#check.forgetSurplus();
  }

  /** Whether the halves have the rows and tombstones of the whole one, which must not change meanwhile. */
  isWhole(): Promise<boolean> {
    return this.#check.areWhole();
  }

  /**
   * What changed since; false when that is not known. Goes on until nothing is left. What it was told is
   * noted no more: when it fails, all has to be copied again.
   */
  async changes(): Promise<boolean> {
    const { source, copy, perStep: limit, check } = this.#parts;
    for (;;) {
      check();
      const changed = await source<CopiedChanges>({ type: "copy_changes", copy, limit });
      if (changed.lost) return false;
      await this.#give(changed.rows, changed.operations);
      if (changed.left === 0) return true;
    }
  }

  /** What is in no row; the last thing to be copied. */
  async memory(): Promise<void> {
    const { source, halves } = this.#parts;
    const memory = await source<CopiedMemory>({ type: "copy_memory" });
    const sides = this.#sidesOf(memory.promises.map(({ id }) => id));
    await Promise.all(
      halves.map((half, side) => {
        const promises = memory.promises.filter((_, index) => sides[index] === side);
        return half({ type: "take_memory", memory: { ...memory, promises } });
      }),
    );
  }

  async #allRows(): Promise<void> {
    const { source, perStep: limit } = this.#parts;
    for (let from: number | undefined = 0; from !== undefined;) {
      this.#parts.check();
      const page: CopiedRows = await source({ type: "copy_rows", from, limit });
      await this.#give(page.rows, []);
      from = page.next;
    }
  }

  async #allTombstones(): Promise<void> {
    const { source, perStep: limit } = this.#parts;
    for (let page: CopiedTombstones | undefined; ;) {
      this.#parts.check();
      const after: Uint8Array | undefined = page?.next;
      page = await source<CopiedTombstones>({
        type: "copy_tombstones",
        limit,
        ...(after && { after }),
      });
      await this.#give(page.rows, []);
      if (!page.next) return;
    }
  }

  async #allOperations(): Promise<void> {
    const { source, perStep: limit } = this.#parts;
    for (let after: string | undefined = ""; after !== undefined;) {
      this.#parts.check();
      const page: CopiedOperations = await source({ type: "copy_operations", after, limit });
      await this.#give(undefined, page.operations);
      after = page.next;
    }
  }

  async #give(
    rows: VersionedRows | undefined,
    operations: CopiedOperations["operations"],
  ): Promise<void> {
    const { halves, throttle } = this.#parts;
    if (rows) await throttle.take(bytesOfRows(rows));
    const ids = rows ? rows.versions.map((_, index) => idAt(rows.ids, index)) : [];
    const sides = this.#sidesOf(ids);
    await Promise.all(
      halves.map(async (half, side) => {
        const own = rows && selectRows(rows, (index) => sides[index] === side);
        if (!own && operations.length === 0) return;
        await half({ type: "take_copy", ...(own && { rows: own }), operations });
      }),
    );
    this.#rows += ids.length;
  }

  #sidesOf(ids: readonly Uint8Array[]): readonly number[] {
    return ids.map((id) => (hashOfId(present(id, "an id")) < this.#parts.at ? 0 : 1));
  }
}
