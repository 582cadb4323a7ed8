import { describe, expect, it } from "vitest";
import { AdmittedRows, PayloadBuilder, rowTest } from "../../../src/payload/index.js";
import { encodeMetadata } from "../../../src/protocol/index.js";
import type { Filter } from "../../../src/protocol/index.js";
import { PlainRows } from "./plain-rows.js";

const rowOf = (n: number) => ({ n, even: n % 2 === 0 });

function rowsOf(count: number): PlainRows {
  const rows = new PlainRows();
  rows.insert(Array.from({ length: count }, (_, n) => rowOf(n)));
  return rows;
}

describe("AdmittedRows", () => {
  it("admits the rows of the snapshot that match, and no others", () => {
    const rows = rowsOf(6);
    const admitted = new AdmittedRows(rows.changes);
    expect(rows.ask(admitted, { even: true }).ordinals).toEqual([0, 2, 4]);
    const none = new PlainRows();
    expect(none.ask(new AdmittedRows(none.changes), {}).ordinals).toEqual([]);
  });

  it("looks only at rows that changed or came since it was asked the same", () => {
    const rows = rowsOf(100);
    const admitted = new AdmittedRows(rows.changes);
    expect(rows.ask(admitted, { even: true })).toMatchObject({ source: "rows", looks: 100 });
    rows.reads = 0;
    expect(rows.ask(admitted, { even: true })).toMatchObject({ source: "memory", looks: 0 });
    expect(rows.reads).toBe(0);
    rows.commit([
      [4, undefined],
      [6, { even: false }],
      [7, { even: true }],
      [100, { even: true }],
    ]);
    const { ordinals, looks } = rows.ask(admitted, { even: true });
    expect(looks).toBe(4);
    expect(ordinals).toEqual(rows.expected({ even: true }));
  });

  it("looks again at what a commit under way may have changed, until it has settled", () => {
    const rows = rowsOf(10);
    const admitted = new AdmittedRows(rows.changes);
    rows.ask(admitted, { even: true });
    rows.commit([[4, { even: false }]], 0, () => {
      expect(rows.ask(admitted, { even: true })).toMatchObject({ looks: 1 });
      expect(rows.ask(admitted, { even: true }).ordinals).toEqual(rows.expected({ even: true }));
    });
    expect(rows.ask(admitted, { even: true })).toMatchObject({ looks: 1 });
    expect(rows.ask(admitted, { even: true })).toMatchObject({ looks: 0 });
  });

  it("turns to the index when that is far ahead of what it remembers", () => {
    const rows = rowsOf(10);
    const admitted = new AdmittedRows(rows.changes);
    rows.ask(admitted, { even: true });
    rows.insert(Array.from({ length: 5000 }, (_, n) => rowOf(n)));
    const builder = new PayloadBuilder(rows.changes);
    while (builder.step(() => rows.snapshot(), 1000));
    admitted.refresh(builder.publish());
    const { source, looks, ordinals } = rows.ask(admitted, { even: true });
    expect([source, looks]).toEqual(["index", 0]);
    expect(ordinals).toEqual(rows.expected({ even: true }));
  });

  it("says whether few rows are to be looked at", () => {
    const rows = rowsOf(50);
    const admitted = new AdmittedRows(rows.changes);
    const isNear = (filter: Filter): boolean => admitted.isNear(filter, rows.snapshot());
    expect(isNear({ even: true })).toBe(true);
    rows.insert(Array.from({ length: 500 }, (_, n) => rowOf(n)));
    expect(isNear({ even: true })).toBe(false);
    rows.ask(admitted, { even: true });
    expect([isNear({ even: true }), isNear({ even: false })]).toEqual([true, false]);
    const builder = new PayloadBuilder(rows.changes);
    while (builder.step(() => rows.snapshot(), 1000));
    admitted.refresh(builder.publish());
    expect(isNear({ even: false })).toBe(true);
    expect(isNear({ name: { $regex: "a" } })).toBe(false);
    rows.commit(Array.from({ length: 80 }, (_, n) => [n, { even: false }] as const));
    expect([isNear({ even: true }), isNear({ even: false })]).toEqual([false, false]);
    rows.ask(admitted, { even: true });
    expect([isNear({ even: true }), isNear({ even: false })]).toEqual([true, false]);
  });

  it("keeps different filters apart", () => {
    const rows = rowsOf(3);
    const admitted = new AdmittedRows(rows.changes);
    const of = (filter: Record<string, unknown>): number[] => rows.ask(admitted, filter).ordinals;
    expect(of({ n: 1 })).toEqual([1]);
    expect(of({ n: "1" })).toEqual([]);
    expect(of({ n: { $in: [1] } })).toEqual([1]);
    expect(of({ n: { $ne: 1 } })).toEqual([0, 2]);
  });

  it("remembers 32 filters, and forgets the one used longest ago", () => {
    const rows = rowsOf(2);
    const admitted = new AdmittedRows(rows.changes);
    const use = (n: number): string => rows.ask(admitted, { n }).source;
    for (let n = 0; n < 32; n++) expect(use(n)).toBe("rows");
    expect([use(0), use(100), use(0), use(1)]).toEqual(["memory", "rows", "memory", "rows"]);
  });

  it("remembers nothing of a filter that is refused", () => {
    const rows = rowsOf(1);
    const admitted = new AdmittedRows(rows.changes);
    for (let time = 0; time < 2; time++) {
      expect(() => rows.ask(admitted, { n: { $nope: 1 } })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
      );
    }
  });

  it("gives up when told to, and remembers nothing then", () => {
    const rows = rowsOf(5000);
    const admitted = new AdmittedRows(rows.changes);
    rows.reads = 0;
    const late = (): void => {
      throw new Error("late");
    };
    expect(() => admitted.of({ even: true }, rows.view(), late)).toThrow("late");
    expect(rows.reads).toBeLessThan(2000);
    expect(rows.ask(admitted, { even: true }).ordinals).toHaveLength(2500);
  });
});

describe("rowTest", () => {
  it("tests the metadata of one row", () => {
    const admits = rowTest({ n: { $gt: 3 }, even: true });
    const row = (n: number) => ({
      ...{ ordinal: n, id: new Uint8Array(16), version: "v", vectorCrc: 0, metadataCrc: 0 },
      metadata: encodeMetadata(rowOf(n), "metadata"),
    });
    expect([2, 4, 5, 6].filter((n) => admits(row(n)))).toEqual([4, 6]);
  });
});
