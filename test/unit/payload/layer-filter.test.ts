import { describe, expect, it } from "vitest";
import { seededRandom, randomBelow } from "../../../src/base/index.js";
import type { JsonObject } from "../../../src/base/index.js";
import { compileFilter, parseFilter } from "../../../src/filters/index.js";
import { Layer } from "../../../src/payload/layer.js";
import { compileLayerFilter } from "../../../src/payload/layer-filter.js";
import { LayerWriter } from "../../../src/payload/layer-writer.js";
import { hasRow } from "../../../src/payload/row-bits.js";
import { randomFilter, randomMetadata } from "./random-metadata.js";

function layerOf(rows: ReadonlyMap<number, JsonObject | undefined>): Layer {
  const writer = new LayerWriter(0);
  for (const [row, metadata] of rows) writer.add(row, metadata);
  return new Layer(writer.freeze());
}

/** Rows that the layer is sure of, and rows that it leaves open. */
function answer(layer: Layer, filter: unknown): { sure: number[]; open: number[] } {
  const { must, may } = compileLayerFilter(parseFilter(filter))(layer);
  const rows = [...Array(65_536).keys()];
  return {
    sure: rows.filter((row) => hasRow(must, row)),
    open: rows.filter((row) => hasRow(may, row) && !hasRow(must, row)),
  };
}

describe("a layer", () => {
  it("answers as testing each row does, or leaves the row open, for whatever filter", () => {
    const seed = 20_261;
    const random = seededRandom(seed);
    for (let round = 0; round < 40; round++) {
      const rows = new Map<number, JsonObject | undefined>();
      let row = randomBelow(random, 100);
      for (let left = 40; left > 0; left--, row += 1 + randomBelow(random, 50)) {
        rows.set(row, randomBelow(random, 8) === 0 ? undefined : randomMetadata(random));
      }
      const layer = layerOf(rows);
      for (let tries = 0; tries < 20; tries++) {
        const filter = randomFilter(random);
        const matches = compileFilter(parseFilter(filter));
        const { must, may } = compileLayerFilter(parseFilter(filter))(layer);
        const where = `seed ${seed}, round ${round}, ${JSON.stringify(filter)}`;
        for (const [at, metadata] of rows) {
          const expected = metadata !== undefined && matches(metadata);
          const text = `${where}, row ${at} ${JSON.stringify(metadata)}`;
          if (hasRow(must, at)) expect(expected, text).toBe(true);
          if (!hasRow(may, at)) expect(expected, text).toBe(false);
        }
      }
    }
  });

  it("leaves nothing open where terms say everything", () => {
    const rows = new Map<number, JsonObject | undefined>();
    for (let row = 0; row < 20_000; row++) {
      rows.set(row, { n: row % 7, even: row % 2 === 0, tags: ["all", `t${row % 3}`] });
    }
    const layer = layerOf(rows);
    const of = (filter: unknown): number => {
      const { sure, open } = answer(layer, filter);
      expect(open).toEqual([]);
      return sure.length;
    };
    expect(of({})).toBe(20_000);
    expect(of({ even: true })).toBe(10_000);
    expect(of({ n: { $gte: 3, $lt: 5 } })).toBe(5714);
    expect(of({ n: { $ne: 0 } })).toBe(20_000 - 2858);
    expect(of({ tags: "all" })).toBe(20_000);
    expect(of({ tags: { $all: ["all", "t1"] } })).toBe(6667);
    expect(of({ tags: { $size: 2 }, even: false })).toBe(10_000);
    expect(of({ none: { $exists: false } })).toBe(20_000);
    expect(of({ $or: [{ n: 1 }, { n: 2 }] })).toBe(2857 + 2857);
    expect(of({ tags: { $regex: "^t[12]$" } })).toBe(13_333);
  });

  it("leaves long strings, whole objects, and rows of too many terms open, and no others", () => {
    const long = "z".repeat(257);
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, at]));
    const rows = new Map<number, JsonObject | undefined>([
      [0, { text: long }],
      [1, { text: "short" }],
      [2, { text: { a: 1 } }],
      [3, many],
    ]);
    const layer = layerOf(rows);
    expect(answer(layer, { text: "short" })).toEqual({ sure: [1], open: [3] });
    expect(answer(layer, { text: long })).toEqual({ sure: [], open: [0, 3] });
    expect(answer(layer, { text: { $contains: "o" } })).toEqual({ sure: [1], open: [0, 3] });
    expect(answer(layer, { text: { a: 1 } })).toEqual({ sure: [], open: [0, 1, 2, 3] });
    expect(answer(layer, { k299: 299 })).toEqual({ sure: [], open: [3] });
    expect(answer(layer, { k1: 1 })).toEqual({ sure: [3], open: [] });
    expect(answer(layer, { "text.0": 1 })).toEqual({ sure: [], open: [0, 1, 2, 3] });
  });

  it("keeps to 1,024 paths, and leaves rows with others open", () => {
    const rows = new Map<number, JsonObject | undefined>();
    for (let row = 0; row < 1100; row++) rows.set(row, { [`path${row}`]: row });
    const layer = layerOf(rows);
    expect(answer(layer, { path1: 1 }).sure).toEqual([1]);
    expect(answer(layer, { path1090: 1090 })).toEqual({
      sure: [],
      open: Array.from({ length: 76 }, (_, at) => 1024 + at),
    });
  });
});
