import { describe, expect, it } from "vitest";
import type { RowRecord, RowSnapshot } from "../../../src/storage/index.js";
import { encodeMetadata } from "../../../src/protocol/index.js";
import { VirtualClock } from "../../../src/base/index.js";
import { AdmittedRows, rowTest } from "../../../src/actors/searcher/admitted-rows.js";
import { Deadline } from "../../../src/actors/searcher/deadline.js";
import { idOf } from "./replica-world.js";

const clock = new VirtualClock();
const deadline = new Deadline(clock, clock.now(), 1000);

function rowAt(ordinal: number): RowRecord {
  const metadata = encodeMetadata({ n: ordinal, even: ordinal % 2 === 0 }, "metadata");
  return { ordinal, id: idOf(ordinal), version: "v", vectorCrc: 0, metadataCrc: 0, metadata };
}

/** As much of a snapshot as the bitmap needs, counting how often it is read through. */
class Snapshot {
  scans = 0;
  readonly nextOrdinal: number;

  constructor(
    readonly appliedVersion: string,
    readonly ordinals: readonly number[],
    readonly onRow: () => unknown = () => undefined,
  ) {
    this.nextOrdinal = Math.max(-1, ...ordinals) + 1;
  }

  *scan(): Iterable<RowRecord> {
    this.scans++;
    for (const ordinal of this.ordinals) {
      this.onRow();
      yield rowAt(ordinal);
    }
  }

  get as(): RowSnapshot {
    return this as unknown as RowSnapshot;
  }
}

describe("AdmittedRows", () => {
  it("admits the rows of the snapshot that match, and no others", () => {
    const snapshot = new Snapshot("v1", [0, 1, 4, 40, 41, 100]);
    const rows = new AdmittedRows().of({ even: true }, snapshot.as, deadline);
    expect([...rows]).toEqual([0, 4, 40, 100]);
    expect(rows.count).toBe(4);
    expect([...new AdmittedRows().of({}, new Snapshot("v1", []).as, deadline)]).toEqual([]);
  });

  it("evaluates a filter once while the rows stay the same", () => {
    const admitted = new AdmittedRows();
    const before = new Snapshot("v1", [0, 1]);
    const same = new Snapshot("v1", [0, 1]);
    const after = new Snapshot("v2", [0, 1, 2]);
    const first = admitted.of({ even: true }, before.as, deadline);
    expect(admitted.of({ even: true }, same.as, deadline)).toBe(first);
    expect([before.scans, same.scans]).toEqual([1, 0]);
    expect([...admitted.of({ even: true }, after.as, deadline)]).toEqual([0, 2]);
    expect([...admitted.of({ even: true }, before.as, deadline)]).toEqual([0]);
    expect([before.scans, after.scans]).toEqual([2, 1]);
  });

  it("keeps different filters apart", () => {
    const admitted = new AdmittedRows();
    const snapshot = new Snapshot("v1", [0, 1, 2]);
    const of = (filter: Record<string, unknown>): number[] => [
      ...admitted.of(filter, snapshot.as, deadline),
    ];
    expect(of({ n: 1 })).toEqual([1]);
    expect(of({ n: "1" })).toEqual([]);
    expect(of({ n: { $in: [1] } })).toEqual([1]);
    expect(of({ n: { $ne: 1 } })).toEqual([0, 2]);
    expect(snapshot.scans).toBe(4);
  });

  it("remembers 32 filters, and forgets the one used longest ago", () => {
    const admitted = new AdmittedRows();
    const snapshot = new Snapshot("v1", [0, 1]);
    const use = (n: number): number => {
      admitted.of({ n }, snapshot.as, deadline);
      return snapshot.scans;
    };
    for (let n = 0; n < 32; n++) use(n);
    expect(use(0)).toBe(32);
    expect(use(100)).toBe(33);
    expect(use(0)).toBe(33);
    expect(use(1)).toBe(34);
  });

  it("remembers nothing of a filter that is refused", () => {
    const admitted = new AdmittedRows();
    const snapshot = new Snapshot("v1", [0]);
    for (let time = 0; time < 2; time++) {
      expect(() => admitted.of({ n: { $nope: 1 } }, snapshot.as, deadline)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
      );
    }
  });

  it("gives up when time is over, and remembers nothing then", () => {
    const time = new VirtualClock();
    const short = new Deadline(time, time.now(), 1000);
    const all = Array.from({ length: 5000 }, (_, ordinal) => ordinal);
    let read = 0;
    const slow = new Snapshot("v1", all, () => read++);
    const late = new Deadline(time, time.now() - 1000, 1000);
    const admitted = new AdmittedRows();
    expect(() => admitted.of({ even: true }, slow.as, late)).toThrow(
      expect.objectContaining({ code: "TIMEOUT" }) as Error,
    );
    expect(read).toBeLessThan(2000);
    expect(admitted.of({ even: true }, slow.as, short).count).toBe(2500);
  });
});

describe("rowTest", () => {
  it("tests the metadata of one row", () => {
    const admits = rowTest({ n: { $gt: 3 }, even: true });
    expect([2, 4, 5, 6].filter((n) => admits(rowAt(n)))).toEqual([4, 6]);
  });
});
