import { beforeEach, describe, expect, it } from "vitest";
import { encodeMetadata } from "../../../src/protocol/index.js";
import type { Metadata } from "../../../src/protocol/index.js";
import type { RowRecord } from "../../../src/storage/index.js";
import { WatchList } from "../../../src/actors/replica/watch-list.js";
import type { RowChange } from "../../../src/actors/replica/row-change.js";
import { idOf, uuidOf } from "../../support/replica-world.js";

function row(metadata: Metadata, changes: Partial<RowRecord> = {}): RowRecord {
  const encoded = encodeMetadata(metadata, "metadata");
  const base = { ordinal: 0, id: idOf(1), version: "v2", vectorCrc: 0, metadataCrc: 0 };
  return { ...base, metadata: encoded, ...changes };
}

function change(before: RowRecord | undefined, after: RowRecord | undefined): RowChange {
  const afterTombstone = after ? undefined : "v3";
  return { id: idOf(1), before, beforeTombstone: undefined, after, afterTombstone };
}

const unasked = (): number => {
  throw new Error("no watch asks for distances");
};

describe("WatchList", () => {
  let watches: WatchList;
  beforeEach(() => (watches = new WatchList()));

  it.each([
    { before: undefined, after: { year: 2024 }, seen: "enter" },
    { before: { year: 2000 }, after: { year: 2024 }, seen: "enter" },
    { before: { year: 2024 }, after: { year: 2025 }, seen: "update" },
    { before: { year: 2024 }, after: { year: 2000 }, seen: "leave" },
    { before: { year: 2024 }, after: undefined, seen: "leave" },
    { before: { year: 2000 }, after: { year: 2001 }, seen: undefined },
    { before: { year: 2000 }, after: undefined, seen: undefined },
    { before: undefined, after: { year: 2000 }, seen: undefined },
  ])("sees a row go from $before to $after as $seen", ({ before, after, seen }) => {
    watches.add({ watch_id: "w", filter: { year: { $gte: 2020 } } });
    const changes = [change(before && row(before, { version: "v1" }), after && row(after))];
    const observed = watches.observe(changes, unasked);
    expect(observed.map((one) => one.change)).toEqual(seen === undefined ? [] : [seen]);
    if (seen === undefined) return;
    expect(observed[0]).toEqual({
      watch_id: "w",
      change: seen,
      id: uuidOf(1),
      version: after ? "v2" : "v3",
      ...(seen !== "leave" && { metadata: after }),
    });
  });

  it("sees every row without a filter, for each watch, in the order of the changes", () => {
    watches.add({ watch_id: "a" });
    watches.add({ watch_id: "b", filter: { n: 2 } });
    const changes = [change(undefined, row({ n: 1 })), change(undefined, row({ n: 2 }))];
    const seen = watches
      .observe(changes, unasked)
      .map(({ watch_id, metadata }) => [watch_id, metadata?.["n"]]);
    expect(seen).toEqual([
      ["a", 1],
      ["a", 2],
      ["b", 2],
    ]);
  });

  it("says nothing of a row that stayed, or came and went within one commit", () => {
    watches.add({ watch_id: "a" });
    const same = row({});
    expect(watches.observe([change(same, same), change(undefined, undefined)], unasked)).toEqual(
      [],
    );
  });

  it("watches the neighbourhood of a vector", () => {
    const near = { vector: Float32Array.of(1, 2), max_distance: 0.5 };
    watches.add({ watch_id: "w", near });
    const distances = [0.5, 0.4, 0.6];
    const at = (ordinal: number): RowRecord => row({ ordinal }, { ordinal });
    const see = (before: number | undefined, after: number | undefined) => {
      const one = change(
        before === undefined ? undefined : at(before),
        after === undefined ? undefined : at(after),
      );
      const seen = watches.observe([one], (query, ordinal) => {
        expect(query).toBe(near.vector);
        return distances[ordinal] as number;
      });
      return seen.map((each) => [each.change, each.distance]);
    };
    expect(see(undefined, 0)).toEqual([["enter", 0.5]]);
    expect(see(2, 1)).toEqual([["enter", 0.4]]);
    expect(see(0, 1)).toEqual([["update", 0.4]]);
    expect(see(1, 2)).toEqual([["leave", undefined]]);
    expect(see(1, undefined)).toEqual([["leave", undefined]]);
    expect(see(2, 2)).toEqual([]);
  });

  it("asks for a distance only where the filter matches", () => {
    const near = { vector: Float32Array.of(1), max_distance: 1 };
    watches.add({ watch_id: "w", filter: { n: 1 }, near });
    expect(watches.observe([change(undefined, row({ n: 2 }))], unasked)).toEqual([]);
  });

  it("replaces a watch of the same name, and forgets one that was removed", () => {
    watches.add({ watch_id: "a", filter: { n: 1 } });
    watches.add({ watch_id: "a", filter: { n: 2 } });
    expect(watches.isEmpty).toBe(false);
    const inserted = [change(undefined, row({ n: 1 })), change(undefined, row({ n: 2 }))];
    expect(watches.observe(inserted, unasked)).toHaveLength(1);
    watches.remove("a");
    watches.remove("never there");
    expect(watches.isEmpty).toBe(true);
    expect(watches.observe(inserted, unasked)).toEqual([]);
  });

  it("refuses a filter that does not parse", () => {
    expect(() => watches.add({ watch_id: "a", filter: { n: { $nope: 1 } } })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
    );
    expect(watches.isEmpty).toBe(true);
  });
});
