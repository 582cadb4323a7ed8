/**
 * Which rows a filter admits in one snapshot: one bit per ordinal, exactly what testing every row's
 * metadata would say.
 *
 * The payload index answers for the rows it covers; rows that changed since, and rows that came
 * since, are looked at one by one. What was found is remembered by filter and brought up to date in
 * the same way, so that a write costs the next search as many looks as it touched rows.
 */
import { AllowList } from "../index/index.js";
import { compileFilter, parseFilter } from "../filters/index.js";
import type { FilterNode } from "../filters/index.js";
import { decodeMetadata } from "../protocol/index.js";
import type { Filter } from "../protocol/index.js";
import type { RowRecord, RowSnapshot } from "../storage/index.js";
import type { ChangeLog } from "./change-log.js";
import { PayloadReader } from "./payload-reader.js";
import type { PayloadPublication } from "./publication.js";

const rememberedMax = 32;
const looksPerCheck = 1024;
/** Further behind than this, what is remembered is given up for the index. */
const behindMax = 2048;
/** Rows to look at that take little time. */
const nearRows = 64;
/** Rows of which the payload index finds any filter's in little time, but for those that read every string. */
const fewRows = 50_000;
const readsStrings = /"\$(?:regex|contains)"/;

export type RowTest = (row: RowRecord) => boolean;

/** A filter as a test of a row. Errors: `INVALID_ARGUMENT`. */
export function rowTest(filter: Filter): RowTest {
  return testOf(parseFilter(filter));
}

function testOf(node: FilterNode): RowTest {
  const matches = compileFilter(node);
  return (row) => matches(decodeMetadata(row.metadata));
}

/** A snapshot, and `ChangeLog.settled` as it was before the snapshot was taken. */
export interface RowView {
  readonly snapshot: RowSnapshot;
  readonly settled: number;
}

export interface Admitted {
  readonly rows: AllowList;
  /** Where the answer came from, before single rows were looked at. */
  readonly source: "memory" | "index" | "rows";
  /** Rows whose metadata was looked at. */
  readonly looks: number;
}

interface Remembered {
  readonly admits: RowTest;
  readonly rows: AllowList;
  /** Rows below are judged, as of all changes below `position`. */
  next: number;
  position: number;
}

/** Where a call begins: what is judged, and what of it may be out of date. */
interface Beginning {
  readonly found: Remembered;
  readonly changed: Uint32Array;
  readonly source: Admitted["source"];
}

export class AdmittedRows {
  readonly #changes: ChangeLog;
  readonly #payload = new PayloadReader();
  /** By filter; the least recently used first. */
  readonly #remembered = new Map<string, Remembered>();

  constructor(changes: ChangeLog) {
    this.#changes = changes;
  }

  /** To be read before a snapshot is taken: see `RowView`. */
  get settled(): number {
    return this.#changes.settled;
  }

  /** Moves on to a newer publication of the payload index. */
  refresh(publication: PayloadPublication): void {
    this.#payload.refresh(publication);
  }

  /** Rows of the snapshot that the payload index does not cover. */
  uncovered(snapshot: RowSnapshot): number {
    return Math.max(0, snapshot.nextOrdinal - this.#payload.covered);
  }

  /** Whether to say which rows a filter admits takes little: it was asked before, or rows are few. */
  isNear(filter: Filter, snapshot: RowSnapshot): boolean {
    const key = JSON.stringify(filter);
    const known = this.#remembered.get(key);
    if (known && this.#isRemembered(known, snapshot)) return this.#isClose(known, snapshot);
    if (snapshot.nextOrdinal > fewRows || readsStrings.test(key)) return false;
    const { covered: next, position } = this.#payload;
    return this.#isClose({ next, position }, snapshot);
  }

  /** Whether few rows came or changed since. */
  #isClose(
    { next, position }: Pick<Remembered, "next" | "position">,
    { nextOrdinal }: RowSnapshot,
  ) {
    return nextOrdinal - next + this.#changes.begun - position <= nearRows;
  }

  /**
   * `check` is called after every 1,024 rows looked at, and may throw. The list is valid until the
   * next call. Errors: `INVALID_ARGUMENT` for the filter.
   */
  of(filter: Filter, view: RowView, check: () => void = () => undefined): Admitted {
    const key = JSON.stringify(filter);
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    const run = new Run(view, check);
    const { found, changed, source } =
      (known && this.#recall(known, view)) ?? this.#begin(filter, view, run);
    run.catchUp(found, changed);
    this.#remembered.set(key, found);
    if (this.#remembered.size > rememberedMax) this.#forgetOldest();
    return { rows: found.rows, source, looks: run.looks };
  }

  #recall(known: Remembered, view: RowView): Beginning | undefined {
    const changed = this.#isRemembered(known, view.snapshot)
      ? this.#changes.since(known.position)
      : undefined;
    return changed && { found: known, changed, source: "memory" };
  }

  /** Whether to bring it up to date takes little, or no more than what the index could offer. */
  #isRemembered({ next, position }: Remembered, snapshot: RowSnapshot): boolean {
    if (next > snapshot.nextOrdinal) return false;
    const ahead = this.#payload.covered - next + Math.max(0, this.#payload.position - position);
    return ahead <= behindMax;
  }

  /** What the index says, or nothing yet. */
  #begin(filter: Filter, { snapshot, settled }: RowView, run: Run): Beginning {
    const node = parseFilter(filter);
    const admits = testOf(node);
    const { nextOrdinal } = snapshot;
    const indexed = this.#payload.covered <= nextOrdinal ? this.#payload.find(node) : undefined;
    const changed = indexed && this.#changes.since(indexed.position);
    if (!changed) {
      const rows = AllowList.empty(nextOrdinal);
      const found = { admits, rows, next: 0, position: settled };
      return { found, changed: new Uint32Array(0), source: "rows" };
    }
    const { words, undecided, covered, position } = indexed;
    const found = { admits, rows: AllowList.fromWords(words), next: covered, position };
    for (const ordinal of undecided) run.look(found, ordinal);
    return { found, changed, source: "index" };
  }

  #forgetOldest(): void {
    for (const key of this.#remembered.keys()) {
      this.#remembered.delete(key);
      return;
    }
  }
}

/** The looks of one call. */
class Run {
  looks = 0;
  readonly #view: RowView;
  readonly #check: () => void;

  constructor(view: RowView, check: () => void) {
    this.#view = view;
    this.#check = check;
  }

  /** Judges the rows that changed, and those that came. */
  catchUp(found: Remembered, changed: Uint32Array): void {
    const { snapshot, settled } = this.#view;
    const before = found.next;
    for (const ordinal of new Set(changed)) if (ordinal < before) this.look(found, ordinal);
    found.rows.grow(snapshot.nextOrdinal);
    if (before < snapshot.nextOrdinal) {
      for (const row of snapshot.scan(before)) this.#judge(found, row.ordinal, row);
    }
    found.next = snapshot.nextOrdinal;
    found.position = settled;
  }

  look(found: Remembered, ordinal: number): void {
    this.#judge(found, ordinal, this.#view.snapshot.row(ordinal));
  }

  #judge(found: Remembered, ordinal: number, row: RowRecord | undefined): void {
    if (row && found.admits(row)) found.rows.set(ordinal);
    else found.rows.clear(ordinal);
    if (++this.looks % looksPerCheck === 0) this.#check();
  }
}
