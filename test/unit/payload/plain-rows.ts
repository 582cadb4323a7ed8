/** Rows of a shard as a plain map, changed in the steps of a commit, with snapshots of each state. */
import type { JsonObject } from "../../../src/base/index.js";
import { AllowList } from "../../../src/index/index.js";
import { ChangeLog, rowTest } from "../../../src/payload/index.js";
import type { AdmittedRows, RowView } from "../../../src/payload/index.js";
import { encodeMetadata } from "../../../src/protocol/index.js";
import type { Filter } from "../../../src/protocol/index.js";
import type { RowRecord, RowSnapshot } from "../../../src/storage/index.js";

export type Change = readonly [ordinal: number, metadata: JsonObject | undefined];

export class PlainRows {
  readonly changes: ChangeLog;
  #rows: ReadonlyMap<number, RowRecord> = new Map();
  #next = 0;
  /** Rows that snapshots were asked for one by one, or passed in a scan. */
  reads = 0;

  constructor(changes = ChangeLog.create()) {
    this.changes = changes;
  }

  get live(): number[] {
    return [...this.#rows.keys()];
  }

  get next(): number {
    return this.#next;
  }

  /** A commit; `between` is called before and after it becomes visible, still unsettled. */
  commit(changed: readonly Change[], holes = 0, between: () => void = () => undefined): void {
    const before = changed.map(([ordinal]) => ordinal).filter((ordinal) => ordinal < this.#next);
    this.changes.begin(Uint32Array.from(before));
    between();
    const rows = new Map(this.#rows);
    for (const [ordinal, metadata] of changed) {
      if (metadata) rows.set(ordinal, recordOf(ordinal, metadata));
      else rows.delete(ordinal);
      this.#next = Math.max(this.#next, ordinal + 1);
    }
    this.#next += holes;
    this.#rows = new Map([...rows].sort(([a], [b]) => a - b));
    between();
    this.changes.settle();
  }

  insert(metadata: readonly JsonObject[]): void {
    this.commit(metadata.map((one, at): Change => [this.#next + at, one]));
  }

  snapshot(): RowSnapshot {
    const rows = this.#rows;
    const read = (count: number): void => void (this.reads += count);
    const snapshot = {
      nextOrdinal: this.#next,
      row(ordinal: number) {
        read(1);
        return rows.get(ordinal);
      },
      *scan(from: number) {
        for (const row of rows.values()) {
          if (row.ordinal < from) continue;
          read(1);
          yield row;
        }
      },
      release: () => undefined,
    };
    return snapshot as unknown as RowSnapshot;
  }

  /** As a read takes it. */
  view(): RowView {
    const { settled } = this.changes;
    return { snapshot: this.snapshot(), settled };
  }

  /** What looking at every row says. */
  expected(filter: Filter): number[] {
    const admits = rowTest(filter);
    return [...this.#rows.values()].filter(admits).map(({ ordinal }) => ordinal);
  }

  /** What a reader says, and how it knows. */
  ask(reader: AdmittedRows, filter: Filter) {
    const { rows, source, looks } = reader.of(filter, this.view());
    const ordinals = [...rows];
    if (rows.count !== ordinals.length)
      throw new Error(`count ${rows.count} of ${ordinals.length}`);
    if (!(rows instanceof AllowList)) throw new Error("an allow-list");
    return { ordinals, source, looks };
  }
}

function recordOf(ordinal: number, metadata: JsonObject): RowRecord {
  return {
    ...{ ordinal, id: new Uint8Array(16), version: "v", vectorCrc: 0, metadataCrc: 0 },
    metadata: encodeMetadata(metadata, "metadata"),
  };
}
