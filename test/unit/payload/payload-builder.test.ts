import { beforeAll, describe, expect, it } from "vitest";
import { AdmittedRows, PayloadBuilder } from "../../../src/payload/index.js";
import type { PayloadPublication } from "../../../src/payload/index.js";
import { PlainRows } from "./plain-rows.js";
import type { Change } from "./plain-rows.js";

const count = 70_000;
const metadataOf = (n: number) => ({ group: n % 10, even: n % 2 === 0, name: `row ${n}` });

function buildAll(rows: PlainRows, builder: PayloadBuilder): void {
  while (builder.step(() => rows.snapshot(), 4096));
}

function kinds({ layers }: PayloadPublication): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { kind } of layers) found[kind] = (found[kind] ?? 0) + 1;
  return found;
}

describe("payload builder", () => {
  const rows = new PlainRows();
  const builder = new PayloadBuilder(rows.changes);
  let publication: PayloadPublication;

  const reader = (): AdmittedRows => {
    const admitted = new AdmittedRows(rows.changes);
    admitted.refresh(publication);
    return admitted;
  };

  beforeAll(() => {
    rows.insert(Array.from({ length: count }, (_, n) => metadataOf(n)));
    buildAll(rows, builder);
    publication = builder.publish();
  }, 60_000);

  it("keeps a whole block in one layer, and what comes after in small ones", () => {
    expect(publication.covered).toBe(count);
    expect(kinds(publication)).toEqual({ whole: 1, small: 2 });
    expect(builder.unpublished).toBe(0);
  });

  it("lets filters be answered without a look at any row", () => {
    const filters = [{ group: 3 }, { even: true, group: { $lt: 4 } }, { name: "row 69999" }];
    for (const filter of filters) {
      const { ordinals, source, looks } = rows.ask(reader(), filter);
      expect([source, looks]).toEqual(["index", 0]);
      expect(ordinals).toEqual(rows.expected(filter));
    }
  });

  it("publishes in the middle of a block that it takes at one go", () => {
    const half = new PayloadBuilder(rows.changes);
    half.step(() => rows.snapshot(), 40_000);
    const early = half.publish();
    expect([early.covered, kinds(early)]).toEqual([40_000, { small: 1 }]);
    const admitted = new AdmittedRows(rows.changes);
    admitted.refresh(early);
    const { ordinals, looks } = rows.ask(admitted, { group: 3 });
    expect(looks).toBe(count - 40_000);
    expect(ordinals).toEqual(rows.expected({ group: 3 }));
    buildAll(rows, half);
    expect(kinds(half.publish())).toEqual({ whole: 1, small: 2 });
  });

  it("goes on from what an earlier one published, and publishes nothing until it is that far", () => {
    const second = new PayloadBuilder(rows.changes, publication);
    expect(second.covered).toBe(65_536);
    expect(second.unpublished).toBe(0);
    rows.reads = 0;
    buildAll(rows, second);
    expect(second.covered).toBe(count);
    expect(rows.reads).toBe(count - 65_536);
    rows.insert([{ group: 3 }]);
    buildAll(rows, second);
    const ids = new Set(second.publish().layers.map(({ id }) => id));
    const old = publication.layers.filter(({ kind }) => kind !== "whole");
    expect(old.filter(({ id }) => ids.has(id))).toEqual([]);
    buildAll(rows, builder);
    publication = builder.publish();
  });

  it("patches rows that change, and builds a block anew when they are many", () => {
    const changed = (from: number, to: number): Change[] =>
      Array.from({ length: to - from }, (_, at): Change => [
        from + at,
        at % 5 === 0 ? undefined : { group: 77, at },
      ]);
    rows.commit(changed(100, 1100));
    expect(rows.ask(reader(), { group: 77 })).toMatchObject({ source: "index", looks: 1000 });
    buildAll(rows, builder);
    publication = builder.publish();
    expect(kinds(publication)).toEqual({ whole: 1, small: 2, patch: 1 });
    expect(rows.ask(reader(), { group: 77 })).toMatchObject({ looks: 0 });
    expect(rows.ask(reader(), { group: 77 }).ordinals).toEqual(rows.expected({ group: 77 }));
    rows.commit(changed(5000, 14_000));
    buildAll(rows, builder);
    publication = builder.publish();
    expect(kinds(publication)).toEqual({ whole: 1, small: 2 });
    for (const filter of [{ group: 77 }, { group: 3 }, { group: { $ne: 3 } }]) {
      const { ordinals, looks } = rows.ask(reader(), filter);
      expect(looks).toBe(0);
      expect(ordinals).toEqual(rows.expected(filter));
    }
  });
});
