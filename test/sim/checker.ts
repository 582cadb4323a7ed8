/**
 * The checks of a run, while it runs and at its end. A read is begun before its call, so that what was
 * acknowledged by then is known.
 */
import { isConditional } from "./history.js";
import type { ReadRecord, SeenRow, Violation, WriteRecord } from "./history.js";
import { RowChecker } from "./row-checker.js";
import type { Floor } from "./row-checker.js";

export type Floors = ReadonlyMap<string, Floor>;

export interface CheckerOptions {
  readonly ids: readonly string[];
  /** How many replicas a row has: with one, every write and read is strong. */
  readonly replicas: number;
}

/** Of each kind of violation, so many are told. */
const toldMax = 5;

export class Checker {
  readonly #replicas: number;
  readonly #rows: ReadonlyMap<string, RowChecker>;
  readonly #violations: Violation[] = [];
  readonly #writes: WriteRecord[] = [];
  readonly #floorsAtCall = new Map<WriteRecord, Floors>();

  constructor({ ids, replicas }: CheckerOptions) {
    this.#replicas = replicas;
    const fail = (check: string, message: string): void => {
      this.fail(check, message);
    };
    this.#rows = new Map(ids.map((id) => [id, new RowChecker(id, replicas, fail)]));
  }

  get violations(): readonly Violation[] {
    return this.#violations;
  }

  get writes(): readonly WriteRecord[] {
    return this.#writes;
  }

  fail(check: string, message: string): void {
    const told = this.#violations.filter((one) => one.check === check).length;
    if (told < toldMax) this.#violations.push({ check, message });
  }

  /** What a strong operation that begins now has to see. */
  floors(): Floors {
    return new Map([...this.#rows].map(([id, row]) => [id, row.floor]));
  }

  begun(write: WriteRecord): void {
    this.#writes.push(write);
    this.#floorsAtCall.set(write, this.floors());
    for (const id of write.ids) this.#row(id).begun(write);
  }

  /** The write's `fate`, `version` and `changed` say how it ended. */
  ended(write: WriteRecord): void {
    const { fate, version, changed } = write;
    const floors = this.#floorsAtCall.get(write);
    this.#floorsAtCall.delete(write);
    if (fate !== "acknowledged" || version === undefined || !floors) return;
    for (const id of changed) {
      this.#row(id).acknowledged(write, version, this.#isStrongWrite(write), floorOf(floors, id));
    }
  }

  read(read: ReadRecord, floors: Floors): void {
    for (const [id, row] of read.rows) {
      const checker = this.#row(id);
      if (this.#isStrong(read.level)) {
        checker.seen(read, row, floorOf(floors, id));
        if (row) checker.standing(read, row.number);
      } else if (row) checker.integrity(read, row);
      const own = read.after && tokenFloor(read.after, id);
      if (own) checker.seen(read, row, own);
    }
  }

  /** After healing: every acknowledged write is there, or what replaced it. */
  final(read: ReadRecord): void {
    for (const write of this.#writes) {
      if (write.fate !== "acknowledged" || write.version === undefined) continue;
      const weak = !this.#isStrongWrite(write);
      const floor = { version: write.version, alive: write.kind !== "delete", weak };
      for (const id of write.changed) this.#row(id).seen(read, read.rows.get(id), floor);
    }
    for (const [id, row] of read.rows) if (row) this.#row(id).standing(read, row.number);
    this.#wholeBatches(read.rows);
  }

  /** A batch of which one row is there has all its other rows there, unless they were replaced. */
  #wholeBatches(rows: ReadonlyMap<string, SeenRow | undefined>): void {
    for (const { number, kind, ids, fate, version: own } of this.#writes) {
      if (kind !== "insert" || fate === "none") continue;
      const there = ids.flatMap((id) => rows.get(id) ?? []).filter((row) => row.number === number);
      if (there.length === 0) continue;
      // Some may have been written again since, under newer versions, by conditional writes that found them.
      const isExact = own !== undefined || !this.#isFoundByOthers(ids);
      const [version = ""] = [...there.map((row) => row.version), own ?? []].flat().sort();
      const floor = { version: isExact ? version : "", alive: true };
      for (const id of ids) {
        const read = {
          what: `batch ${number}`,
          node: "",
          level: "ALL",
          after: undefined,
          rows,
        } as const;
        this.#row(id).seen(read, rows.get(id), floor);
      }
    }
  }

  #isFoundByOthers(ids: readonly string[]): boolean {
    return this.#writes.some((one) => isConditional(one) && one.ids.some((id) => ids.includes(id)));
  }

  #isStrongWrite(write: WriteRecord): boolean {
    return this.#isStrong(write.level) || isConditional(write);
  }

  #isStrong(level: string): boolean {
    return level !== "ONE" || this.#replicas === 1;
  }

  #row(id: string): RowChecker {
    const row = this.#rows.get(id);
    if (!row) throw new Error(`the store made up the id ${id}`);
    return row;
  }
}

function floorOf(floors: Floors, id: string): Floor {
  return floors.get(id) ?? { version: "", alive: false };
}

/** What a read with the token of a write has to see of a row. */
function tokenFloor(write: WriteRecord, id: string): Floor | undefined {
  if (write.version === undefined || !write.changed.includes(id)) return undefined;
  return { version: write.version, alive: write.kind !== "delete" };
}
