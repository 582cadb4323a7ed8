/**
 * Holds what is read of one row against what was written to it, whatever happened in between.
 *
 * Versions order the writes of a row. The floor of a row is the newest version that every later strong
 * read has to see: that of acknowledged strong writes. A read is judged by the floor at its call.
 */
import { isConditional } from "./history.js";
import type { ReadRecord, SeenRow, WriteRecord } from "./history.js";

export interface Floor {
  readonly version: string;
  /** Whether the row is there at this version. */
  readonly alive: boolean;
  /** Of a write that conditional writes may not have seen. */
  readonly weak?: boolean;
}

interface Interval {
  readonly from: string;
  readonly to: string;
  readonly number: number;
}

interface Acknowledged {
  readonly version: string;
  readonly number: number;
  readonly strong: boolean;
}

type Fail = (check: string, message: string) => void;

/**
 * A delete of which nobody heard has its version by then, wherever it was under way: what is written later
 * is newer.
 */
const lateMsMax = 15_000;
const nothing: Floor = { version: "", alive: false };

export class RowChecker {
  readonly #id: string;
  readonly #fail: Fail;
  readonly #writes = new Map<number, WriteRecord>();
  /** Which write each version is of. */
  readonly #numbers = new Map<string, number>();
  readonly #acknowledged: Acknowledged[] = [];
  /** Conditional writes that succeeded: nothing may lie between what they saw and what they wrote. */
  readonly #intervals: Interval[] = [];
  /** With one replica a write has one version from the beginning; with several it may be stamped anew. */
  readonly #oneVersion: boolean;
  #floor = nothing;

  constructor(id: string, replicas: number, fail: Fail) {
    this.#id = id;
    this.#oneVersion = replicas === 1;
    this.#fail = (check, message) => fail(check, `${id.slice(0, 8)}: ${message}`);
  }

  get floor(): Floor {
    return this.#floor;
  }

  begun(write: WriteRecord): void {
    this.#writes.set(write.number, write);
  }

  /** A write was acknowledged that changed this row; `strong`: later strong reads must see it. */
  acknowledged(write: WriteRecord, version: string, strong: boolean, floorAtCall: Floor): void {
    const { number, ifVersions, ids, kind } = write;
    this.#name(version, number);
    if (this.#oneVersion) this.#alwaysAs(version, number);
    if (strong && version <= floorAtCall.version) {
      const late = `write ${number} of version ${version} came after ${floorAtCall.version}`;
      this.#fail("real_time_order", late);
    }
    this.#acknowledged.push({ version, number, strong });
    const from = ifVersions?.[ids.indexOf(this.#id)];
    if (from !== undefined) this.#condition({ from, to: version, number });
    if (strong) for (const one of this.#intervals) this.#notWithin(one, version, number);
    if (strong && version > this.#floor.version) {
      this.#floor = { version, alive: kind !== "delete" };
    }
  }

  /** A strong read, or one with a token, saw this; `floor` is what it had to see. */
  seen(read: ReadRecord, row: SeenRow | undefined, floor: Floor): void {
    if (!row) {
      if (floor.alive && !this.#mayBeDeleted(floor) && !this.#mayBeOverlooked(floor)) {
        this.#fail("lost_write", `${read.what} did not find ${floor.version}`);
      }
      return;
    }
    this.integrity(read, row);
    this.#once(read, row, floor);
    if (row.version >= floor.version) return;
    const check = floor.alive ? "stale_read" : "deleted_row_back";
    this.#fail(check, `${read.what} saw ${row.version}, older than ${floor.version}`);
  }

  /** Any row that any read saw, whatever its level: what was written, as it was written. */
  integrity(read: ReadRecord, { version, number, vectorNumber }: SeenRow): void {
    const write = this.#writes.get(number);
    if (!write) {
      this.#fail("unknown_row", `${read.what} saw a row of no write: ${number}`);
      return;
    }
    if (!write.isOvertaken) this.standing(read, number);
    if (vectorNumber !== undefined && !this.#wroteVector(vectorNumber)) {
      this.#fail("unknown_row", `${read.what} saw a vector of no write: ${vectorNumber}`);
    }
    this.#name(version, number);
  }

  /**
   * A refused write is not there. The row of one that was overtaken may still lie on a minority, where weak
   * reads find it; what overtook it stands with a majority, and that is what others have to find.
   */
  standing(read: ReadRecord, number: number): void {
    if (this.#writes.get(number)?.fate !== "none") return;
    this.#fail("refused_write_seen", `${read.what} saw write ${number}, which was refused`);
  }

  /**
   * A write that was acknowledged with one version must not come again with a newer one. A conditional write that
   * changes nothing may write the row that it answers by again: as long as nothing else took its place.
   */
  #once(read: ReadRecord, { version, number }: SeenRow, floor: Floor): void {
    const first = this.#writes.get(number)?.version;
    if (first === undefined || first > floor.version || first >= version) return;
    if (!this.#isReplaced(number, first, version) && this.#mayStandAnew(number)) return;
    this.#fail("written_twice", `${read.what} saw write ${number} as ${version}, not ${first}`);
  }

  /** Whether a strong write took its place before that version. */
  #isReplaced(number: number, first: string, version: string): boolean {
    return this.#acknowledged.some(
      (one) => one.strong && one.number !== number && one.version > first && one.version < version,
    );
  }

  #mayStandAnew(number: number): boolean {
    if (this.#oneVersion || !this.#writes.get(number)?.changed.includes(this.#id)) return false;
    return [...this.#writes.values()].some(
      (one) => one.number !== number && (one.kind !== "insert" || one.ifVersions !== undefined),
    );
  }

  #wroteVector(number: number): boolean {
    const write = this.#writes.get(number);
    return write !== undefined && write.kind !== "delete";
  }

  #name(version: string, number: number): void {
    const known = this.#numbers.get(version);
    if (known === undefined) this.#numbers.set(version, number);
    else if (known !== number) {
      this.#fail("version_of_two", `${version} is of write ${known} and of ${number}`);
    }
  }

  #alwaysAs(version: string, number: number): void {
    for (const [other, writer] of this.#numbers) {
      if (writer !== number || other === version) continue;
      this.#fail(
        "written_twice",
        `write ${number} was ${other}, and was acknowledged as ${version}`,
      );
    }
  }

  #condition(interval: Interval): void {
    const { from, to, number } = interval;
    for (const other of this.#intervals) {
      if (other.from !== from) continue;
      this.#fail("both_succeeded", `writes ${other.number} and ${number} both replaced ${from}`);
    }
    if (to <= from) this.#fail("real_time_order", `write ${number} replaced ${from} by ${to}`);
    this.#intervals.push(interval);
    for (const one of this.#acknowledged) {
      // A blind write at ONE, where a row has several replicas, is seen by nobody for certain.
      if (one.strong) this.#notWithin(interval, one.version, one.number);
    }
  }

  #notWithin({ from, to, number }: Interval, version: string, other: number): void {
    if (other === number || version <= from || version >= to) return;
    this.#fail("lost_update", `write ${number} replaced ${from} by ${to} over write ${other}`);
  }

  /** Whether some delete may have come after the floor. */
  #mayBeDeleted(floor: Floor): boolean {
    const calledMs = this.#calledMs(floor);
    for (const { kind, fate, version, changed, endedMs } of this.#writes.values()) {
      if (kind !== "delete" || fate === "none") continue;
      if (fate !== "acknowledged") {
        if (calledMs <= endedMs + lateMsMax) return true;
        continue;
      }
      if (version !== undefined && version > floor.version && changed.includes(this.#id)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a conditional write may have made it stand that there is no row, before it saw this one. */
  #mayBeOverlooked(floor: Floor): boolean {
    if (floor.weak !== true) return false;
    const calledMs = this.#calledMs(floor);
    return [...this.#writes.values()].some(
      (one) =>
        isConditional(one) && one.ids.includes(this.#id) && calledMs <= one.endedMs + lateMsMax,
    );
  }

  #calledMs({ version }: Floor): number {
    const number = this.#numbers.get(version);
    const write = number === undefined ? undefined : this.#writes.get(number);
    return write?.calledMs ?? -Infinity;
  }
}
