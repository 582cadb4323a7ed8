/** Ids off the tree: the filter that knows what is new, and runs. */
import { describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../../src/base/index.js";
import { ByteArena } from "../../../src/storage/byte-arena.js";
import { IdFilter } from "../../../src/storage/id-filter.js";
import { IdRun, encodeRuns, packIds, runEntriesMax } from "../../../src/storage/id-run.js";
import { mergeById } from "../../../src/storage/merge-by-id.js";
import type { IdEntry } from "../../../src/storage/index.js";
import { hexOf, randomBytes } from "../../conformance/storage-rows.js";

const seed = Number(process.env.SEED ?? 5);

const numbered = (n: number): Uint8Array => {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, n);
  return id;
};

function runsOf(entries: readonly IdEntry[]): IdRun[] {
  return encodeRuns(new ByteArena(), 0, packIds(entries, undefined)).map(
    ({ key, value }) => new IdRun(key, value as Uint8Array),
  );
}

describe(`the filter of ids (SEED=${seed})`, () => {
  it.each(["random", "numbered"])("never denies %s ids, and nearly always others", (kind) => {
    const random = seededRandom(seed);
    const filter = new IdFilter();
    const count = 100_000; // Over the size of the first layer.
    const idOf = (n: number) => (kind === "random" ? randomBytes(random, 16) : numbered(n));
    const added = Array.from({ length: count }, (_, n) => idOf(n));
    for (const id of added) filter.add(id);
    expect(added.every((id) => filter.mayHave(id))).toBe(true);
    let wrong = 0;
    for (let n = 0; n < count; n++) if (filter.mayHave(idOf(count + n))) wrong++;
    expect(wrong / count).toBeLessThan(0.01);
  });
});

describe(`runs of ids (SEED=${seed})`, () => {
  /** Random ids share no prefix; numbered ones share all but the last bytes. */
  const entriesOf = (count: number, kind: string): IdEntry[] => {
    const random = seededRandom(seed);
    const ids = Array.from({ length: count }, (_, n) =>
      kind === "random" ? randomBytes(random, 16) : numbered(n * 7),
    );
    for (let at = ids.length - 1; at > 0; at--) {
      const other = randomBelow(random, at + 1);
      [ids[at], ids[other]] = [ids[other] as Uint8Array, ids[at] as Uint8Array];
    }
    return ids.map((id, index) => ({ id, ordinal: 1000 + index }));
  };

  it.each(["random", "numbered"])("find what they hold, in order, of %s ids", (kind) => {
    const entries = entriesOf(3000, kind);
    const [run] = runsOf(entries) as [IdRun];
    for (const { id, ordinal } of entries) expect(run.ordinalOf(id)).toBe(ordinal);
    expect(run.ordinalOf(numbered(3))).toBeUndefined();
    const expected = [...entries].sort((a, b) => Buffer.compare(a.id, b.id));
    const text = (list: Iterable<IdEntry>) => [...list].map((one) => [hexOf(one.id), one.ordinal]);
    expect(text(run.entries(undefined))).toEqual(text(expected));
    const after = expected[1234] as IdEntry;
    expect(text(run.entries(after.id))).toEqual(text(expected.slice(1235)));
  });

  it("are split where one would be too long, and merged in order", () => {
    const entries = entriesOf(runEntriesMax + 10, "numbered");
    const runs = runsOf(entries);
    expect(runs.map(({ count }) => count)).toEqual([runEntriesMax, 10]);
    let last = -1;
    for (const same of mergeById(
      [...runs, runs[1] as IdRun].map((run) => run.entries(undefined)),
    )) {
      const number = Buffer.from((same[0] as IdEntry).id).readUInt32BE(12);
      expect(number).toBe(last < 0 ? 0 : last + 7);
      last = number;
    }
    expect(last).toBe((runEntriesMax + 9) * 7);
  });

  it("that are spoilt are noticed", () => {
    const [{ key, value }] = encodeRuns(
      new ByteArena(),
      3,
      packIds(entriesOf(5, "random"), undefined),
    ) as [{ key: Uint8Array; value: Uint8Array }];
    value[33] = (value[33] as number) ^ 1;
    expect(() => new IdRun(key, value)).toThrow("run 3 of ids: its record does not match");
  });
});
